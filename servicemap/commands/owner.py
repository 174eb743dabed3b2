"""`servicemap owner`: who had an address, a port or a pid, now or at any past time."""

import click

from servicemap.config import Config
from servicemap.options import Moment, configured, not_empty


@click.command()
@configured()
@click.argument("what")
@click.option("--at", type=Moment(), metavar="TIME", help="At this time: 10m (ago), 12:00.  [default: the latest]")
@click.option("--host", default="", metavar="NAME", help="Only on this host (name or id).")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per owner.")
def command(config: Config, what: str, at: int | None, host: str, *, as_json: bool) -> None:
    """Print who had WHAT: ADDRESS, ADDRESS:PORT, [ADDRESS]:PORT or pid:NUMBER.

    It belongs to the process, container or host that had it then, also months ago. A port is the process's that
    listened, or else it is shown who had the address. Several owners are printed where several networks have the
    address, or where it changed hands within that minute. Times are UTC. The exit code is 4 when nobody had it.

    \b
    servicemap owner 10.0.0.5:5432
    servicemap owner 172.17.0.2 --at 2026-05-01T03:12
    servicemap owner pid:4711 --host web1 --at 3d
    servicemap owner 10.0.0.5:443 --json | jq -r .service
    """
    from answers.owner import OwnerAsked
    from servicemap.owning import run

    not_empty("host")
    run(config, OwnerAsked(what=what, at=at, host=host), as_json=as_json)

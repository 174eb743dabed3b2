"""`servicemap facts`: the facts that programs of your own print about hosts, services and processes."""

import click

from servicemap.config import Config
from servicemap.options import Moment, configured, not_empty


@click.command()
@configured()
@click.option(
    "--at", type=Moment(), metavar="TIME", help="Facts at this time: 10m (ago), 12:00.  [default: the latest]"
)
@click.option("--name", default="", metavar="NAME", help="Only facts of this name, such as tls.not_after.")
@click.option("--service", default="", metavar="NAME", help="Only facts of this service and its processes.")
@click.option("--host", default="", metavar="NAME", help="Only facts from this host (name or id).")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per fact.")
def command(config: Config, at: int | None, name: str, service: str, host: str, as_json: bool) -> None:
    """Print the facts that your programs in `collectors.discover` print, now or at any past time.

    The exit code is 4 when nothing matches.

    \b
    servicemap facts
    servicemap facts --name tls.not_after
    servicemap facts --service nginx --at 12:00
    servicemap facts --json | jq 'select(.name == "package") | .value'
    """
    from servicemap.node_facts import run

    not_empty("name", "service", "host")
    run(config, at, name, service, host, as_json=as_json)

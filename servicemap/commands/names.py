"""`servicemap names`: what every process is called, and by which rule."""

import click

from servicemap.config import Config
from servicemap.options import Moment, Number, configured, not_empty


@click.command()
@configured()
@click.option(
    "--at", type=Moment(), metavar="TIME", help="Processes at this time: 10m (ago), 12:00.  [default: the latest]"
)
@click.option("--service", default="", metavar="NAME", help="Only processes of this service.")
@click.option("--host", default="", metavar="NAME", help="Only processes on this host (name or id).")
@click.option("--pid", type=Number(1), metavar="N", help="Only the process with this PID.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per process, with the facts behind its names.")
def command(config: Config, at: int | None, service: str, host: str, pid: int | None, as_json: bool) -> None:
    """Print what every process is called, the rule that named its service, and the fact in which the rule found it.

    The names are worked out from the raw facts in the log, by the current rules of the configuration. So you see what a
    new rule in services.rules does before you restart or replay anything.

    \b
    servicemap names
    servicemap names --service shop
    servicemap names --pid 812 --json | jq .program_evidence
    servicemap names --config new-rules.toml --json | jq 'select(.rule | startswith("user rule"))'
    """
    from servicemap.explaining import run

    not_empty("service", "host")
    run(config, at, service, host, pid, as_json=as_json)

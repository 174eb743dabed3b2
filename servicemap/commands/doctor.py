"""`servicemap doctor`: check what this host can see, what is missing, and the command that fixes it."""

import click

from servicemap.config import Config
from servicemap.options import configured


@click.command()
@configured()
@click.option("--json", "as_json", is_flag=True, help='{"state": …, "checks": […]}')
def command(config: Config, as_json: bool) -> None:
    """Check what this host can see, what is missing, and the command that fixes it.

    Exit code 0: all is well; 3: something cannot be seen; 1: something is broken.

    \b
    servicemap doctor
    servicemap doctor --json | jq '.checks[] | select(.state != "ok")'
    servicemap doctor --log kafka://broker:9092 --store clickhouse://ch:9000
    """
    from servicemap.doctor import examine

    examine(config, as_json=as_json)

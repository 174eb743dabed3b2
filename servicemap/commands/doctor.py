"""`servicemap doctor`: check what this host can see, what is missing, and the command that fixes it."""

import click

from servicemap.config import Config
from servicemap.options import configured


@click.command()
@configured()
@click.option("--json", "as_json", is_flag=True, help='{"state": …, "checks": […], "kept": […]}')
@click.option(
    "--permissions",
    is_flag=True,
    help="List what an agent can see, the permissions that it needs, and whether it has them.",
)
def command(config: Config, as_json: bool, permissions: bool) -> None:
    """Check what this host can see, what is missing, and the command that fixes it.

    Below the checks is what is kept: since when each resolution of the store and each topic of the log has something,
    for how long and in how many bytes it is kept, what it takes a day, and how far back it will reach at this rate.

    Exit code 0: all is well; 3: something cannot be seen; 1: something is broken.

    \b
    servicemap doctor
    servicemap doctor --json | jq '.checks[] | select(.state != "ok")'
    servicemap doctor --json | jq '.kept[] | {name, reach_ms}'
    servicemap doctor --permissions
    servicemap doctor --log kafka://broker:9092 --store clickhouse://ch:9000
    """
    if permissions:
        from servicemap.permitted import print_permissions

        print_permissions(config, as_json=as_json)
        return
    from servicemap.doctor import examine

    examine(config, as_json=as_json)

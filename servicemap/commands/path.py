"""`servicemap path`: by which way one node reaches another."""

import click

from graph.levels import LEVELS
from servicemap.config import Config
from servicemap.options import Moment, configured


@click.command()
@configured()
@click.argument("client")
@click.argument("server")
@click.option("--since", type=Moment(), metavar="TIME", help="Start of the range: 10m (ago), 12:00, 2026-05-01T12:00.")
@click.option("--at", type=Moment(), metavar="TIME", help="End of the range; without --since it is a minute long.")
@click.option("--level", type=click.Choice(LEVELS), default="service", show_default=True, help="Kind of the nodes.")
@click.option("--collapse-intermediaries", "collapse", is_flag=True, help="Draw proxies and queues through.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per way.")
def command(
    config: Config,
    client: str,
    server: str,
    since: int | None,
    at: int | None,
    level: str,
    *,
    collapse: bool,
    as_json: bool,
) -> None:
    """Print all shortest ways by which CLIENT reached SERVER in the range, up to 100.

    The exit code is 4 when there is none, or no such node.

    \b
    servicemap path nginx postgres
    servicemap path nginx postgres --since 7d
    servicemap path web1 db1 --level host --json
    """
    from servicemap.reaching import ways

    ways(config, since, at, level, client, server, collapse=collapse, as_json=as_json)

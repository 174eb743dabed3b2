"""`servicemap impact`: who depends on a node, directly or through others."""

import click

from graph.levels import LEVELS
from servicemap.config import Config
from servicemap.options import Moment, configured, not_empty


@click.command()
@configured()
@click.argument("node")
@click.option("--since", type=Moment(), metavar="TIME", help="Start of the range: 10m (ago), 12:00, 2026-05-01T12:00.")
@click.option("--at", type=Moment(), metavar="TIME", help="End of the range; without --since it is a minute long.")
@click.option("--level", type=click.Choice(LEVELS), default="service", show_default=True, help="Kind of the nodes.")
@click.option("--depth", type=click.IntRange(1), metavar="NUMBER", help="Only nodes within so many arrows.")
@click.option("--collapse-intermediaries", "collapse", is_flag=True, help="Draw proxies and queues through.")
@click.option("--overlay", default="", metavar="WHAT", help="Only edges annotated so: essential, essential!=false.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per node, with the way and what it carries.")
def command(
    config: Config,
    node: str,
    since: int | None,
    at: int | None,
    level: str,
    depth: int | None,
    *,
    collapse: bool,
    overlay: str,
    as_json: bool,
) -> None:
    """Print who would notice if NODE were gone: its clients, their clients, and so on.

    NODE is a name on the map or a node's id. The exit code is 4 when there is no such node.

    \b
    servicemap impact postgres
    servicemap impact postgres --since 1d --depth 2
    servicemap impact db1 --level host --json | jq -r .title
    """
    from servicemap.reaching import run

    not_empty("overlay")
    run(config, since, at, level, node, depth, "impact", collapse=collapse, overlay=overlay, as_json=as_json)

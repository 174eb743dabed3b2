"""`servicemap deps`: what a node depends on, directly or through others."""

import click

from answers.asked import Drawing
from servicemap.config import Config
from servicemap.map_options import as_graph
from servicemap.options import configured


@click.command()
@configured()
@click.argument("node")
@as_graph
@click.option("--depth", type=click.IntRange(1), metavar="NUMBER", help="Only nodes within so many arrows.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per node, with the way and what it carries.")
def command(config: Config, wanted: Drawing, node: str, depth: int | None, *, as_json: bool) -> None:
    """Print what NODE needs: its servers, their servers, and so on.

    NODE is a name on the map or a node's id. The exit code is 4 when there is no such node.

    \b
    servicemap deps nginx
    servicemap deps nginx --since 1d --depth 2
    servicemap deps web1 --level host --json | jq -r .title
    """
    from servicemap.reaching import run

    run(config, wanted, node, depth, "deps", as_json=as_json)

"""`servicemap path`: by which way one node reaches another."""

import click

from answers.asked import Drawing
from servicemap.config import Config
from servicemap.map_options import as_graph
from servicemap.options import configured


@click.command()
@configured()
@click.argument("client")
@click.argument("server")
@as_graph
@click.option("--json", "as_json", is_flag=True, help="One JSON object per way.")
def command(config: Config, wanted: Drawing, client: str, server: str, *, as_json: bool) -> None:
    """Print all shortest ways by which CLIENT reached SERVER in the range, up to 100.

    The exit code is 4 when there is none, or no such node.

    \b
    servicemap path nginx postgres
    servicemap path nginx postgres --since 7d
    servicemap path web1 db1 --level host --json
    """
    from servicemap.reaching import ways

    ways(config, wanted, client, server, as_json=as_json)

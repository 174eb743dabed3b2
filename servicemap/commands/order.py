"""`servicemap order`: in which order services can be started or stopped."""

from typing import Literal

import click

from answers.asked import Drawing
from servicemap.config import Config
from servicemap.map_options import as_graph
from servicemap.options import configured


@click.command()
@configured()
@click.argument("what", type=click.Choice(["start", "stop"]))
@as_graph
@click.option(
    "--format", "form", type=click.Choice(["table", "json", "mermaid"]), default="table", show_default=True,
    help="Mermaid draws it on a page of Markdown.",
)  # fmt: skip
def command(config: Config, wanted: Drawing, what: Literal["start", "stop"], form: str) -> None:
    """Print waves: all of a wave can be started (or stopped) at once, when the wave before is done.

    To start, servers come before their clients; to stop, clients come first. What was not used in the range is not
    known, so ask for a range in which everything was: --since 7d. Nodes that need each other in a circle are one step,
    and the connection is named without which they had an order.

    \b
    servicemap order start --since 1d
    servicemap order stop --since 1d --level host
    servicemap order start --since 7d --overlay essential!=false
    servicemap order start --since 7d --format mermaid > order.md
    """
    from servicemap.ordering import run

    run(config, wanted, what, form)

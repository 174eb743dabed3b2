"""`servicemap order`: in which order services can be started or stopped."""

import click

from graph.levels import LEVELS
from servicemap.config import Config
from servicemap.options import Moment, configured, not_empty


@click.command()
@configured()
@click.argument("what", type=click.Choice(["start", "stop"]))
@click.option("--since", type=Moment(), metavar="TIME", help="Start of the range: 1d (ago), 12:00, 2026-05-01T12:00.")
@click.option("--at", type=Moment(), metavar="TIME", help="End of the range; without --since it is a minute long.")
@click.option("--level", type=click.Choice(LEVELS), default="service", show_default=True, help="Kind of the nodes.")
@click.option("--collapse-intermediaries", "collapse", is_flag=True, help="Draw proxies and queues through.")
@click.option("--overlay", default="", metavar="WHAT", help="Only edges annotated so: essential, essential!=false.")
@click.option(
    "--format", "form", type=click.Choice(["table", "json", "mermaid"]), default="table", show_default=True,
    help="Mermaid draws it on a page of Markdown.",
)  # fmt: skip
def command(
    config: Config,
    what: str,
    since: int | None,
    at: int | None,
    level: str,
    form: str,
    *,
    collapse: bool,
    overlay: str,
) -> None:
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

    not_empty("overlay")
    run(config, since, at, level, what, form, collapse=collapse, overlay=overlay)

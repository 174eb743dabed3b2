"""`servicemap export`: a map in the format of another program."""

from pathlib import Path

import click

from graph.levels import LEVELS
from graph.model import Wanted
from servicemap.config import Config
from servicemap.exports import FORMATS
from servicemap.options import Moment, configured, not_empty


@click.command()
@configured()
@click.option("--format", "form", type=click.Choice(FORMATS), required=True, help="Of Graphviz, Gephi, yEd and others.")
@click.option("--since", type=Moment(), metavar="TIME", help="Start of the range: 10m (ago), 12:00, 2026-05-01T12:00.")
@click.option("--at", type=Moment(), metavar="TIME", help="End of the range; without --since it is a minute long.")
@click.option("--level", type=click.Choice(LEVELS), default="service", show_default=True, help="Kind of the nodes.")
@click.option("--service", default="", metavar="NAME", help="Only edges with this service at an end.")
@click.option("--host", default="", metavar="NAME", help="Only edges with an end on this host (name or id).")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write this file.  [default: stdout]")
def command(
    config: Config,
    form: str,
    since: int | None,
    at: int | None,
    level: str,
    service: str,
    host: str,
    out: Path | None,
) -> None:
    """Write a map for another program: nodes, edges, and what is known of them.

    dot is Graphviz, graphml is for yEd and Gephi, gexf for Gephi, mermaid for pages of Markdown, structurizr is a C4
    model in its DSL, csv has the edges as rows for spreadsheets, json is that of `servicemap map --json`.

    \b
    servicemap export --format graphml --out map.graphml
    servicemap export --format mermaid --level host --since 1d
    servicemap export --format csv --since 7d > edges.csv
    servicemap export --format dot | dot -Tsvg > map.svg
    """
    from servicemap.exporting import run

    not_empty("service", "host")
    if since is not None and at is not None and since >= at:
        raise click.UsageError("the time range is empty: --since must be earlier than --at")
    run(config, since, at, form, Wanted(start=0, end=0, level=level, service=service, host=host), out)

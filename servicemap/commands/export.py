"""`servicemap export`: a map in the format of another program."""

from pathlib import Path

import click

from graph.model import Wanted
from servicemap.config import Config
from servicemap.exports import FORMATS
from servicemap.map_options import at_level, of_part, of_range
from servicemap.options import configured
from servicemap.two_times import Time, When


@click.command()
@configured()
@click.option("--format", "form", type=click.Choice(FORMATS), required=True, help="Of Graphviz, Gephi, yEd and others.")
@of_range
@at_level
@of_part
@click.option("--against", type=When(), metavar="TIME", help="Add what vanished since then, and how all differs.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write this file.  [default: stdout]")
def command(
    config: Config,
    form: str,
    since: int | None,
    at: int | None,
    level: str,
    service: str,
    host: str,
    filter: str,
    against: Time | None,
    out: Path | None,
) -> None:
    """Write a map for another program: nodes, edges, and what is known of them.

    dot is Graphviz, graphml is for yEd and Gephi, gexf for Gephi, mermaid for pages of Markdown, structurizr is a C4
    model in its DSL, csv has the edges as rows for spreadsheets, json is that of `servicemap map --json`.

    \b
    servicemap export --format graphml --out map.graphml
    servicemap export --format mermaid --level host --since 1d
    servicemap export --format dot --filter '-infra top:50' | dot -Tsvg > map.svg
    servicemap export --format csv --since 7d > edges.csv
    servicemap export --format dot --against 1h | dot -Tsvg > changes.svg
    """
    from servicemap.exporting import Times, run

    wanted = Wanted(start=0, end=0, level=level, service=service, host=host, filter=filter)
    run(config, Times(since, at, against), form, wanted, out)

"""`servicemap sql`: query the store in ClickHouse's SQL."""

import sys
from typing import TextIO

import click

from servicemap.config import Config
from servicemap.options import Port, configured, either_or, typed


@click.command()
@configured(http_port="store__http_port")
@click.argument("statement", required=False)
@click.option("-f", "--file", "source", type=click.File(), help="Read the statement from a file; - is stdin.")
@click.option("--format", "form", metavar="NAME", help="PrettyCompact, TSV, JSONEachRow, CSV, Parquet or any other.")
@click.option("--json", "as_json", is_flag=True, help="Short for --format JSONEachRow.")
@click.option("--param", "parameters", multiple=True, metavar="NAME=VALUE", help="A value for {NAME:Type}.")
@click.option("--http-port", type=Port(), help="HTTP port of the ClickHouse of --store.  [default: 8123]")
def command(
    config: Config,
    statement: str | None,
    source: TextIO | None,
    form: str | None,
    as_json: bool,
    parameters: tuple[str, ...],
) -> None:
    """Query the store in ClickHouse's SQL, read-only.

    The statement is an argument, a file or stdin. Results are PrettyCompact on a terminal, TSV in a pipe,
    or of the format given by --format or by FORMAT in the statement. The server formats them: over HTTP, on the host
    of --store.
    A pipe gets the server's bytes. On a terminal, control characters (as in names that
    others chose) are written \\x1b; in the formats for people (Pretty, Vertical, Markdown) also in a pipe.

    \b
    servicemap sql "SELECT client, server, server_port FROM service_edges GROUP BY ALL"
    servicemap sql --json "SELECT * FROM events WHERE kind = {kind:String}" --param kind=process_exited
    servicemap sql --format Parquet "SELECT * FROM edges" > edges.parquet
    servicemap sql -f report.sql
    """
    from servicemap.asking import ask

    either_or(("--json", as_json), ("--format", form))
    if statement is not None and source is not None:
        raise click.UsageError("give the statement as an argument or with --file, not both")
    if config.store.http_port is not None and not config.store.url and typed("http_port"):
        raise click.UsageError("--http-port needs --store: the port of the embedded store is known")
    if statement is None and source is None and sys.stdin.isatty():
        raise click.UsageError("give a statement: as an argument, with --file, or on stdin")
    text = statement if statement is not None else (source or click.get_text_stream("stdin")).read()
    if not text.strip():
        raise click.UsageError("the statement is empty")
    values = _values(parameters)
    form = "JSONEachRow" if as_json else form
    ask(config, text, form, values, click.get_binary_stream("stdout"), terminal=sys.stdout.isatty())


def _values(parameters: tuple[str, ...]) -> dict[str, str]:
    values: dict[str, str] = {}
    for name, value in map(_split, parameters):
        if values.setdefault(name, value) != value:
            raise click.BadParameter(f"{name} has two values", param_hint="--param")
    return values


def _split(parameter: str) -> tuple[str, str]:
    name, equals, value = parameter.partition("=")
    if not equals or not name.isidentifier():
        raise click.BadParameter(f"{parameter!r} is not NAME=VALUE", param_hint="--param")
    return name, value

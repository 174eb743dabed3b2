"""Results with totals and extremes: the engine gives these in text alone, so they come as text and go as blocks."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sinks.embedded.blocks import Block, Column, blocks_of
from sinks.embedded.client import Client

_FORM = "TabSeparatedWithNamesAndTypes"
# Read back, every value is the one that was written, whatever the time zone.
_SETTINGS = {"date_time_output_format": "unix_timestamp"}
_ESCAPE = re.compile(r"\\(.)", re.S)
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "0": "\0"}


@dataclass(frozen=True)
class Result:
    """Blocks of rows, and what stands behind them, if there is any."""

    header: Block
    rows: list[Block]
    totals: list[Block]
    extremes: list[Block]


def run(client: Client, text: str, settings: Mapping[str, str], parameters: Mapping[str, str]) -> Result | None:
    """Run a query to its end; None for a statement without a result. Raises EngineError."""
    written = b"".join(client.run(text, _FORM, {**settings, **_SETTINGS}, parameters, streamed=False))
    if not written:
        return None
    names, types, *lines = written.removesuffix(b"\n").split(b"\n")
    columns = tuple(Column(*each) for each in zip(_fields(names), _fields(types), strict=True))
    count = client.session.counts.result_rows
    behind = lines[count:]  # an empty line, then totals; an empty line, then the least and the greatest

    def blocks(rows: list[bytes]) -> list[Block]:
        return _blocks(client, columns, rows) if rows else []

    return Result(
        header=Block(0, columns),
        rows=blocks(lines[:count]),
        totals=blocks(behind[1:2] if len(behind) in (2, 5) else []),
        extremes=blocks(behind[-2:] if len(behind) in (3, 5) else []),
    )


def _fields(line: bytes) -> list[str]:
    found = line.decode("utf-8", "surrogateescape").split("\t")
    return [_ESCAPE.sub(lambda escape: _ESCAPED.get(escape[1], escape[1]), field) for field in found]


def _blocks(client: Client, columns: tuple[Column, ...], rows: list[bytes]) -> list[Block]:
    structure = ", ".join(f"c{n} {column.type}" for n, column in enumerate(columns))
    made = blocks_of(client.converted("TabSeparated", structure, b"\n".join([*rows, b""])))
    return [Block(block.rows, tuple(map(_renamed, columns, block.columns))) for block in made]


def _renamed(column: Column, made: Column) -> Column:
    return Column(column.name, made.type, made.data)

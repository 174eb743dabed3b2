"""Tables that come with a query and are there for it alone: external tables of either protocol."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sinks.embedded.blocks import Block, Column
from sinks.embedded.engine import EngineError, Session
from sinks.embedded.tokens import tokens

MAX_BYTES = 16 << 20  # of all tables of one query
_MAX_TABLES = 16
# Of files. Not Values, which evaluates expressions, Native, whose columns point into each other, nor formats with
# libraries of their own: anybody sends these.
_FORMS = {
    *("RowBinary", "JSONEachRow", "JSONCompactEachRow", "CSV", "CSVWithNames"),
    *("TabSeparated", "TSV", "TabSeparatedRaw", "TSVRaw", "TabSeparatedWithNames", "TSVWithNames"),
}


@dataclass(frozen=True)
class External:
    """A table's name, columns, and rows in some format."""

    name: str
    columns: tuple[Column, ...]
    form: str
    data: bytes


def of_files(files: Mapping[str, bytes], values: Mapping[str, str]) -> list[External]:
    """Return the tables in the files of a form; the URL has `NAME_structure` or `NAME_types`, and `NAME_format`."""
    return [External(name, _columns(name, values), _form(name, values), data) for name, data in files.items()]


def of_blocks(name: str, blocks: list[Block]) -> External:
    """Return the table that blocks of the native protocol make up."""
    columns = tuple(Column(column.name, column.type) for column in blocks[0].columns)
    return External(name, columns, "Native", b"".join(block.encode(0) for block in blocks if block.rows))


def is_about(name: str, files: Mapping[str, bytes]) -> bool:
    """Return whether a value of the URL describes one of the files."""
    table, _, what = name.rpartition("_")
    return table in files and what in ("structure", "types", "format")


def create(session: Session, tables: list[External]) -> None:
    """Make temporary tables in a session that may; raises EngineError, as for types the engine does not know."""
    if len(tables) > _MAX_TABLES or sum(len(table.data) for table in tables) > MAX_BYTES:
        raise too_much()
    for table in tables:
        columns = ", ".join(f"{quoted(column.name)} {_known(session, column.type)}" for column in table.columns)
        for _ in session.whole(f"CREATE TEMPORARY TABLE {quoted(table.name)} ({columns}) ENGINE = Memory", "Null"):
            pass
        if table.data:
            running = session.insert(quoted(table.name), "", table.form)
            running.append(table.data)
            running.finish()


def too_much() -> EngineError:
    """Return the error for more than may come with a query."""
    return EngineError(
        307,
        f"DB::Exception: Send at most {_MAX_TABLES} external tables and {MAX_BYTES >> 20} MiB with a query. "
        "(TOO_MANY_BYTES)",
    )


def drop(session: Session, tables: list[External]) -> None:
    """Drop the temporary tables."""
    for table in tables:
        for _ in session.whole(f"DROP TEMPORARY TABLE IF EXISTS {quoted(table.name)}", "Null"):
            pass


def quoted(name: str) -> str:
    """Return a name as an SQL identifier."""
    escaped = name.replace("\\", "\\\\").replace("`", "\\`")
    return f"`{escaped}`"


def _known(session: Session, kind: str) -> str:
    """Return a type as the engine writes it: what else a client may have put there is in the way of its parser."""
    if re.search(r"(?<!Simple)AggregateFunction", kind):  # its states are trusted by those who read them
        raise EngineError(48, f"DB::Exception: An external table cannot have {kind}. (NOT_IMPLEMENTED)")
    asked = "SELECT toTypeName(defaultValueOfTypeName({kind:String}))"
    return b"".join(session.whole(asked, "TSVRaw", {"kind": kind})).decode().rstrip("\n")


def _form(name: str, values: Mapping[str, str]) -> str:
    form = values.get(f"{name}_format", "TabSeparated")
    if form not in _FORMS:
        message = f"DB::Exception: External table {name}: send one of {', '.join(sorted(_FORMS))}. (UNKNOWN_FORMAT)"
        raise EngineError(73, message)
    return form


def _columns(name: str, values: Mapping[str, str]) -> tuple[Column, ...]:
    if types := values.get(f"{name}_types"):
        return tuple(Column(f"_{n}", kind) for n, kind in enumerate(_listed(types), 1))
    parts = [part.partition(" ") for part in _listed(values.get(f"{name}_structure", ""))]
    columns = tuple(Column(column.strip("`"), kind.strip()) for column, _, kind in parts)
    if not columns or not all(column.type for column in columns):
        raise EngineError(
            36,
            f"DB::Exception: Describe the file {name}: {name}_structure=a Int32, b String. (BAD_ARGUMENTS)",
        )
    return columns


def _listed(text: str) -> list[str]:
    """Split a text at the commas outside its brackets."""
    cuts = [token.start for token in tokens(text) if token.text == "," and not token.depth]
    parts = [text[start:end].strip(" ,") for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    return [part for part in parts if part]

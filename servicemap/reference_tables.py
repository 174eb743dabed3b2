"""The reference of the store's tables and views, from what declares them."""

from collections.abc import Iterator, Sequence

from graph.annotations import OVERLAYS
from graph.asked import PROCESS_REQUESTS
from graph.views import PROCESS_EDGES, SERVICE_EDGES
from schemas.facts import Merge, Roll
from sinks.reconcile import ALL
from sinks.table import Column, Table

_HEAD = """# Tables

What `servicemap sql` asks. For people there are the views [`service_edges`](#service_edges) and
[`process_edges`](#process_edges); the tables below them hold what the folds emitted, one row a key. Rows of one key are
merged by the table's engine, in the background and on reading: ask a table with `FINAL`, the views do so themselves.
Times are UTC. Hours are partitions, which is what `servicemap replay --promote` swaps.

The table `migrations` lists the versions of the views that a store has had.

This page is generated from the code by `make golden`.
"""
_BETWEEN = {
    "service_edges": (
        "services; an end without one is its host or address",
        "What a side did not see is 0",
        SERVICE_EDGES,
    ),
    "process_edges": ("processes", "What a side did not see is 0", PROCESS_EDGES),
    "process_requests": ("processes", "requests and their answers", PROCESS_REQUESTS),
}
_SOURCES = {
    "dropped": "filled by the sink that drops something before its time, to keep to `disk.percent` or `disk.bytes`",
    "pipeline": "filled by each sink once a minute, from what it sees (`servicemap/metering.py`)",
    "retention": "filled by each sink every ten minutes; `servicemap doctor` prints the same",
    **dict.fromkeys(
        ("edges_1m", "edges_1h", "edges_1d"),
        "a roll-up of [`process_edges`](#process_edges); what an end did not see is 0",
    ),
    **dict.fromkeys(
        ("requests_1m", "requests_1h", "requests_1d"),
        "a roll-up of [`process_requests`](#process_requests); where there are no requests it has no rows",
    ),
}
_ROLLS = {
    None: "key",
    Roll.SUM: "sum",
    Roll.EACH: "sum, name by name",
    Roll.MAX: "the greatest",
    Roll.LEAST: "the least that is known",
    Roll.EARLIEST: "the earliest",
    Roll.LATEST: "the latest",
    Roll.STRONGEST: "the strongest",
}
_MERGES = {Merge.KEY: "key", Merge.MAX: "max", Merge.BITS: "every bit", Merge.EACH: "max, name by name"}


def page() -> str:
    """Return the reference of the tables and views, in Markdown."""
    views = (line for name in _BETWEEN for line in _view_lines(name))
    tables = (line for table in ALL for line in _table_lines(table))
    return "\n".join([_HEAD, *views, *_overlays_lines(), *tables])


def _view_lines(name: str) -> Iterator[str]:
    between, more, columns = _BETWEEN[name]
    yield f"## {name}\n"
    yield f"A view: one row an edge and window, between {between}. {more}.\n"
    rows = ([f"`{one.name}`", _ROLLS[one.roll], one.meaning] for one in columns)
    yield from _rows(("column", "of the window's flows", "what"), rows)


def _overlays_lines() -> Iterator[str]:
    yield "## overlays\n"
    yield "A view: one row an annotation that stands. It holds from `valid_from` up to `valid_to`.\n"
    yield from _rows(("column", "what"), ([f"`{one.name}`", one.meaning] for one in OVERLAYS))


def _table_lines(table: Table) -> Iterator[str]:
    topic = table.topic
    source = f"filled from the topic [`{topic}`](topics.md#{topic})" if topic else _SOURCES[table.name]
    yield f"## {table.name}\n"
    yield f"A table, {source}.\n"
    yield from (f"* `{clause}`" for clause in table.clauses())
    yield ""
    both = any(column.name.startswith("b_") for column in table.columns)
    if both:
        yield "End a is the lower endpoint of the flow. End b has the same columns, called `b_…`.\n"
    shown = [column for column in table.columns if not (both and column.name.startswith("b_"))]
    yield from _rows(("column", "type", "merge", "what"), (_of_table(table, column) for column in shown))


def _of_table(table: Table, column: Column) -> list[str]:
    return [f"`{column.name}`", f"`{column.kind.sql}`", _merge(table, column), column.meaning.partition(", ms")[0]]


def _merge(table: Table, column: Column) -> str:
    if column.alias:
        return "part of `a_who`"
    if column.name in table.key:
        return "key"
    return _MERGES.get(column.merge, "max") if table.merges else "last"


def _rows(head: Sequence[str], rows: Iterator[list[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield "|" + "---|" * len(head)
    yield from (f"| {' | '.join(row)} |" for row in rows)
    yield ""

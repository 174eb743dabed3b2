"""The reference of the store's tables and views, from what declares them."""

from collections.abc import Iterator, Sequence

from graph.address_lifetimes import ADDRESS_LIFETIMES
from graph.annotations import OVERLAYS
from graph.asked import PROCESS_REQUESTS
from graph.columns import EdgeColumn
from graph.process_lifetimes import PROCESS_LIFETIMES
from graph.service_map import SERVICE_MAP
from graph.views import PROCESS_EDGES, SERVICE_EDGES
from schemas.facts import Merge, Roll
from sinks.reconcile import ALL
from sinks.table import Column, Table

_HEAD = """# Tables

What `servicemap sql` asks. For people there are the views [`service_edges`](#service_edges) and
[`process_edges`](#process_edges); the tables below them hold what the folds emitted, one row a key. Rows of one key are
merged by the table's engine, in the background and on reading: ask a table with `FINAL`, the views do so themselves.
Times are UTC. Hours are partitions, which is what `servicemap replay --promote` swaps.

Views with parameters are called like functions, with all their parameters in any order. A time is a text in any common
form, UTC unless it says otherwise, or an expression: `processes_at(at = now() - INTERVAL 1 HOUR)`.
[SQL](../howto/sql.md) has a cookbook, and what the read-only user may do.

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
_VIEWS: dict[str, tuple[str, Sequence[EdgeColumn]]] = {
    "overlays": (
        "A view: one row an annotation that stands. It holds from `valid_from` up to `valid_to`.",
        OVERLAYS,
    ),
    "process_lifetimes": (
        "A view: one row a process, also of months ago. It ran from `since` up to `until`.",
        PROCESS_LIFETIMES,
    ),
    "address_lifetimes": (
        "A view: one row a holder of an address or of a port on it, also of months ago, from `since` up to `until`.",
        ADDRESS_LIFETIMES,
    ),
    "processes_at": (
        "A view with parameters, `processes_at(at = '2026-05-01 12:00')`: the processes that ran at a time, as rows of"
        " [`process_lifetimes`](#process_lifetimes).",
        (),
    ),
    "owner_of": (
        "A view with parameters, `owner_of(address = '10.0.0.5', port = 5432, at = '2026-05-01 12:00')`: who listened"
        " there at a time, or else had the address, as rows of [`address_lifetimes`](#address_lifetimes). A port of 0"
        " asks for the address alone. Several rows: the address is used in several networks, or what changed hands"
        " within that minute may be of either.",
        (),
    ),
    "service_map": (
        "A view with parameters, `service_map(from = '2026-05-01 12:00', to = '2026-05-01 13:00', level = 'service')`:"
        " the edges of a range at a [level](cli.md#servicemap-map), as `servicemap map` has them. What a side did not"
        " see is 0.",
        SERVICE_MAP,
    ),
}
_SOURCES = {
    "processes_1d": "made of `nodes` and of exits in `events` when a day has ended; read it by"
    " [`process_lifetimes`](#process_lifetimes)",
    "places_1d": "made of `places` when a day has ended; read it by [`address_lifetimes`](#address_lifetimes)",
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
    others = (line for name in _VIEWS for line in _other_lines(name))
    return "\n".join([_HEAD, *views, *others, *tables])


def _view_lines(name: str) -> Iterator[str]:
    between, more, columns = _BETWEEN[name]
    yield f"## {name}\n"
    yield f"A view: one row an edge and window, between {between}. {more}.\n"
    rows = ([f"`{one.name}`", _ROLLS[one.roll], one.meaning] for one in columns)
    yield from _rows(("column", "of the window's flows", "what"), rows)


def _other_lines(name: str) -> Iterator[str]:
    about, columns = _VIEWS[name]
    yield f"## {name}\n"
    yield f"{about}\n"
    if columns:
        yield from _rows(
            ("column", "type", "what"), ([f"`{one.name}`", f"`{one.kind.sql}`", one.meaning] for one in columns)
        )


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

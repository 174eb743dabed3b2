"""Requests at a level, as queries: on each edge, on those of a node, and step by step."""

from collections.abc import Mapping
from typing import NamedTuple

from graph import span
from graph.asked import requested, summed
from graph.columns import ENDS, KEY
from graph.levels import KNOWN, node_at
from graph.sql import inside, select
from graph.steps import point_of
from schemas.latency import quantile


class AnyRow(NamedTuple):
    """A row of `any_requested` (graph/asked.py): 1 where there are any requests."""

    there: int


class RequestsRow(NamedTuple):
    """A row of `on_edges` and `on_edges_of`: an edge and its requests (graph/asked.py)."""

    client: str
    server: str
    transport: str
    server_port: int
    requests: int
    errors: int
    unseen: int
    given_up: int
    latency: Mapping[int, int]
    sampling: int


class RequestSeriesRow(NamedTuple):
    """A row of `request_series`: the requests of a step (graph/asked.py)."""

    point: int
    requests: int
    errors: int
    unseen: int
    given_up: int
    latency: Mapping[int, int]
    sampling: int

    @property
    def p50(self) -> float | None:
        """Return the median of the times to the answers, ms."""
        return quantiles(self.latency)[0]

    @property
    def p99(self) -> float | None:
        """Return the 99th percentile of the times to the answers, ms."""
        return quantiles(self.latency)[1]


class RequestTotalsRow(NamedTuple):
    """A row of `request_totals`."""

    point: int
    requests: int
    errors: int
    given_up: int
    sampling: int


_TOTALS = summed(("requests", "errors", "given_up", "sampling"), "edge")
_NUMBERS = summed(("requests", "errors", "unseen", "given_up", "latency", "sampling"), "edge")
_WHO = tuple(f"{end}_{name}" for end in ENDS for name in KNOWN)
_POINT = point_of("edge.at")


def quantiles(latency: Mapping[int, int]) -> tuple[float | None, float | None]:
    """Return p50 and p99 of a sketch in ms; None without any answers."""
    if not latency:
        return None, None
    return quantile(latency, 0.5) / 1000, quantile(latency, 0.99) / 1000


def on_edges(level: str) -> str:
    """Return the requests in [from, to), ms, on each edge of a level."""
    over = span.of_windows() if level == "address" else span.of_range()  # of addresses there are no roll-ups
    return f"{_begun(level, over, *_NUMBERS)}\n{_by_edge()}"


def on_edges_of(level: str, *, rolled_up: bool = True) -> str:
    """Return the same on the edges of the node %(node)s; the range is in steps (graph/span.py)."""
    rows = _by_edge("edge.client = %(node)s OR edge.server = %(node)s")
    return f"{_in_steps(level, rolled_up, *_NUMBERS)}\n{rows}"


def request_series(level: str, *, one_edge: bool, rolled_up: bool = True) -> str:
    """Return the requests to the node %(server)s in each step, or those of `one_edge` to it.

    The edge has %(client)s, %(transport)s and %(port)s.
    """
    where = "edge.server = %(server)s"
    if one_edge:
        where += " AND edge.client = %(client)s AND edge.transport = %(transport)s AND edge.server_port = %(port)s"
    rows = select({"point": _POINT, **_NUMBERS}, "edge", where=where, group=("point",))
    return f"{_in_steps(level, rolled_up, *_NUMBERS)}\n{rows}\nORDER BY point"


def request_totals(level: str, *, rolled_up: bool = True) -> str:
    """Return the requests on all edges together, in each step."""
    rows = select({"point": _POINT, **_TOTALS}, "edge", group=("point",))
    return f"{_in_steps(level, rolled_up, *_TOTALS)}\n{rows}\nORDER BY point"


def _by_edge(where: str = "") -> str:
    key = {name: f"edge.{name}" for name in KEY}
    return select(key | _NUMBERS, "edge", where=where, group=key.values())


def _in_steps(level: str, rolled_up: bool, *columns: str) -> str:
    rolled_up = rolled_up and level != "address"
    return _begun(level, span.of_steps() if rolled_up else span.of_windows(), *columns, rolled_up=rolled_up)


def _begun(level: str, over: str, *columns: str, rolled_up: bool = True) -> str:
    """Begin a query with `edge`: requests on the edges of a level, each row of a window, a minute or an hour."""
    addresses = level == "address"
    who = () if level in {"process", "address"} else _WHO
    ends = {end: node_at(end, "{1}.{0}".format, "row", level) for end in ENDS}
    edge = {
        "at": "toUnixTimestamp64Milli(row.begins)",
        **ends,
        **{name: f"row.{name}" for name in (*KEY, *columns) if name not in ENDS},
    }
    rows = requested((*KEY, *who, *columns), addresses=addresses, rolled_up=rolled_up)
    return f"WITH {over},\nedge AS {inside(select(edge, f'{inside(rows)} AS row'))}"

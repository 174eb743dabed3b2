"""Requests at a level, as queries: on each edge, on those of a node, and step by step."""

from collections.abc import Mapping
from typing import NamedTuple

from graph import span
from graph.asked import requested, summed
from graph.columns import ENDS, KEY
from graph.levels import KNOWN, node_at
from graph.quantiles import Quantiles
from graph.span import ALL_OF_IT, Reach
from graph.sql import inside, select
from graph.steps import Over, point_of
from schemas.latency import GROWTH, quantile


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


class RequestStepRow(NamedTuple):
    """A row of `requests_in_steps`: the requests on an edge in a step, and the times to the answers, ms.

    Of parts the client is "", and `host` is where the server runs; of edges the host is "".
    """

    point: int
    client: str
    server: str
    transport: str
    server_port: int
    host: str
    requests: int
    errors: int
    unseen: int
    given_up: int
    mean: float
    times: list[float]


class RequestTotalsRow(NamedTuple):
    """A row of `request_totals`."""

    point: int
    requests: int
    errors: int
    given_up: int
    sampling: int


STEP_SHARES = (0.5, 0.95, 0.99)  # of the answers, in `times` of a step
MOST_ROWS = 500_000
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


def requests_in_steps(level: str, *, parts: bool = False, over: Over | None = None) -> str:
    """Return the requests on each edge in each step, or to the `parts` of each server, which are those on one host.

    With `over` other rows are read, and points are others, than those of the steps of [from, to).
    """
    times = Quantiles("times", "latency", STEP_SHARES)
    counts = ("requests", "errors", "unseen", "given_up", "latency")
    key = {name: f"edge.{name}" for name in KEY} | {"host": "''"}
    if parts:
        key |= {"client": "''", "transport": "''", "server_port": "0", "host": "edge.server_host"}
    names = [*counts, *(["server_host"] if parts else [])]
    point, where = (over.point("edge.at"), over.where) if over else (_POINT, "")
    rows = select({"point": point, **key, **summed(counts, "edge")}, "edge", where=where, group=("point", *key))
    total = f"arraySum((bucket, count) -> {_middle('bucket')} * count, mapKeys(latency), mapValues(latency))"
    timed = select(["*", *(f"{made} AS {name}" for name, made in times.columns.items())], inside(rows))
    columns = {name: name for name in RequestStepRow._fields} | {"mean": f"{total} / arraySum(mapValues(latency))"}
    begun = requests_over(level, over.reach, *names) if over else _in_steps(level, True, *names)
    return f"{begun}\n{select(columns, inside(timed))}\nORDER BY server, client, host, point\nLIMIT {MOST_ROWS}"


def _middle(bucket: str) -> str:
    """Return the time, ms, that stands for a bucket (schemas/latency.py)."""
    return f"2 * pow({GROWTH!r}, {bucket}) / ({GROWTH!r} + 1) / 1000"


def _by_edge(where: str = "") -> str:
    key = {name: f"edge.{name}" for name in KEY}
    return select(key | _NUMBERS, "edge", where=where, group=key.values())


def _in_steps(level: str, rolled_up: bool, *columns: str) -> str:
    rolled_up = rolled_up and level != "address"
    over = span.of_steps() if rolled_up else span.of_windows()
    return _begun(level, over, *columns, rolled_up=rolled_up, reach=span.IN_STEPS)


def requests_over(level: str, reach: Reach, *columns: str) -> str:
    """Begin a query with `edge`: requests on the edges of a level at times that a reach has."""
    return _begun(level, "", *columns, reach=reach)


def _begun(level: str, over: str, *columns: str, rolled_up: bool = True, reach: Reach = ALL_OF_IT) -> str:
    """Begin a query with `edge`: requests on the edges of a level, each row of a window, minute, hour or day."""
    addresses = level == "address"
    who = () if level in {"process", "address"} else _WHO
    ends = {end: node_at(end, "{1}.{0}".format, "row", level) for end in ENDS}
    edge = {
        "at": "toUnixTimestamp64Milli(row.begins)",
        **ends,
        **{name: f"row.{name}" for name in (*KEY, *columns) if name not in ENDS},
    }
    rows = requested((*KEY, *who, *columns), addresses=addresses, rolled_up=rolled_up, reach=reach)
    parts = [*([over] if over else []), f"edge AS {inside(select(edge, f'{inside(rows)} AS row'))}"]
    return "WITH " + ",\n".join(parts)

"""HTTP requests on an edge or to a node, as time series and as sums."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from dashboards.queries import query
from graph.requests import Key, Requests, RequestsRow, any_requests, by_edge, quantiles, requests_sql
from sinks.store import Store
from view.parameters import EdgeAsked, Level
from view.rows import Span, rolled
from view.series import Line


class SeriesRow(NamedTuple):
    """A row of the query view_request_series; `latency` is a sketch (schemas/latency.py)."""

    point: int
    requests: int
    errors: int
    given_up: int
    latency: Mapping[int, int]

    @property
    def p50(self) -> float | None:
        """Return the median of the times to the answers, ms."""
        return quantiles(self.latency)[0]

    @property
    def p99(self) -> float | None:
        """Return the 99th percentile of the times to the answers, ms."""
        return quantiles(self.latency)[1]


class TotalsRow(NamedTuple):
    """A row of the query view_request_totals."""

    point: int
    requests: int
    errors: int
    given_up: int


LINES = (
    Line("requests", "1/s", rate=True),
    Line("errors", "1/s", rate=True),
    Line("given_up", "1/s", rate=True),
    Line("p50", "ms"),
    Line("p99", "ms"),
)


def request_series(
    store: Store, level: Level, over: Span, server: str, edge: EdgeAsked | None = None
) -> list[SeriesRow]:
    """Return the requests to a node, or on one edge, of each step."""
    if not any_requests(store, over.start, over.end):
        return []
    values: dict[str, Any] = {"level": level, "from": over.start, "to": over.end, "step": over.step, "server": server}
    values |= {"client": "", "transport": "", "port": 0, **rolled(store, over)}
    if edge is not None:
        values |= {"client": edge.client, "transport": edge.transport, "port": edge.port}
    return store.rows(SeriesRow, requests_sql(level, "view_told") + query("view_request_series"), values)


def requests_of(store: Store, level: Level, over: Span, node: str) -> dict[Key, Requests]:
    """Return the requests on each edge of a node, over the whole range."""
    if not any_requests(store, over.start, over.end):
        return {}
    values: dict[str, Any] = {"level": level, "from": over.start, "to": over.end, "node": node, **rolled(store, over)}
    return by_edge(store.rows(RequestsRow, requests_sql(level, "view_told") + query("view_requests_of"), values))


def request_totals(store: Store, level: Level, over: Span) -> list[TotalsRow]:
    """Return the requests on all edges together, of each step."""
    if not any_requests(store, over.start, over.end):
        return []
    values = {"level": level, "from": over.start, "to": over.end, "step": over.step, **rolled(store, over)}
    return store.rows(TotalsRow, requests_sql(level, "view_told") + query("view_request_totals"), values)


def summed(rows: list[SeriesRow]) -> Requests | None:
    """Return the sum of a series, if it has any requests."""
    if not rows:
        return None
    latency: Counter[int] = Counter()
    for row in rows:
        latency.update(row.latency)
    return Requests(
        requests=sum(row.requests for row in rows),
        errors=sum(row.errors for row in rows),
        given_up=sum(row.given_up for row in rows),
        latency=latency,
    )

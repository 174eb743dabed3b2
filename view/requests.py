"""HTTP requests on an edge, or those that a node answers, as time series and as sums."""

from collections import Counter
from typing import Any, cast

from dashboards.queries import query
from graph.requests import Key, Requests, any_requests, asked, quantiles
from sinks.store import Store
from view.parameters import EdgeAsked, Level
from view.rows import Row, Span, rolled
from view.series import Line

LINES = (
    Line(1, "requests", "1/s", rate=True),
    Line(2, "errors", "1/s", rate=True),
    Line(3, "given_up", "1/s", rate=True),
    Line(4, "p50", "ms"),
    Line(5, "p99", "ms"),
)


def request_series(store: Store, level: Level, over: Span, server: str, edge: EdgeAsked | None = None) -> list[Row]:
    """Return for each step what a node answered, or that on one edge: the columns of LINES, and the sketch."""
    if not any_requests(store, over.start, over.end):
        return []
    values: dict[str, Any] = {"level": level, "from": over.start, "to": over.end, "step": over.step, "server": server}
    values |= {"client": "", "transport": "", "port": 0, **rolled(store, over)}
    if edge is not None:
        values |= {"client": edge.client, "transport": edge.transport, "port": edge.port}
    rows = store.query(asked(level, "view_told") + query("view_request_series"), values)
    return [(*counts, *quantiles(latency), latency) for *counts, latency in rows]


def requests_of(store: Store, level: Level, over: Span, node: str) -> dict[Key, Requests]:
    """Return the requests on every edge of a node, over all of a stretch."""
    if not any_requests(store, over.start, over.end):
        return {}
    values: dict[str, Any] = {"level": level, "from": over.start, "to": over.end, "node": node, **rolled(store, over)}
    rows = store.query(asked(level, "view_told") + query("view_requests_of"), values)
    return {cast(Key, row[:4]): Requests(*row[4:]) for row in rows}


def request_totals(store: Store, level: Level, over: Span) -> list[Row]:
    """Return for each step all requests, errors and requests given up."""
    if not any_requests(store, over.start, over.end):
        return []
    values = {"level": level, "from": over.start, "to": over.end, "step": over.step, **rolled(store, over)}
    return store.query(asked(level, "view_told") + query("view_request_totals"), values)


def summed(rows: list[Row]) -> Requests | None:
    """Return all the requests of a series as one, if there are any."""
    if not rows:
        return None
    latency: Counter[int] = Counter()
    for row in rows:
        latency.update(row[-1])
    requests, errors, given_up = (sum(row[column] for row in rows) for column in (1, 2, 3))
    return Requests(requests, errors, given_up, latency)

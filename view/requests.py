"""Requests on an edge or to a node, as time series and as sums."""

from collections import Counter
from typing import Any

from graph import requested
from graph.requested import RequestSeriesRow, RequestsRow, RequestTotalsRow
from graph.requests import Key, Requests, any_requests, by_edge
from sinks.store import Store
from view.parameters import EdgeAsked, Level
from view.rows import Row, Span, read_rows
from view.series import Line

LINES = (
    Line("requests", "Requests", "1/s", rate=True),
    Line("errors", "Requests", "1/s", "errors", rate=True),
    Line("unseen", "Requests", "1/s", "results not known", rate=True, rare=True),
    Line("given_up", "Given up by clients", "1/s", rate=True, rare=True),
    Line("p50", "Latency", "ms", "p50"),
    Line("p99", "Latency", "ms", "p99"),
)


def request_series(
    store: Store, level: Level, over: Span, server: str, edge: EdgeAsked | None = None
) -> list[RequestSeriesRow]:
    """Return the requests to a node, or on one edge, of each step."""
    values: dict[str, Any] = {"server": server}
    if edge is not None:
        values |= {"client": edge.client, "transport": edge.transport, "port": edge.port}
    text = requested.request_series(level, one_edge=edge is not None, rolled_up=over.rolled)
    return _rows(store, RequestSeriesRow, text, over, **values)


def requests_of(store: Store, level: Level, over: Span, node: str) -> dict[Key, Requests]:
    """Return the requests on each edge of a node, over the whole range."""
    return by_edge(_rows(store, RequestsRow, requested.on_edges_of(level, rolled_up=over.rolled), over, node=node))


def request_totals(store: Store, level: Level, over: Span) -> list[RequestTotalsRow]:
    """Return the requests on all edges together, of each step."""
    return _rows(store, RequestTotalsRow, requested.request_totals(level, rolled_up=over.rolled), over)


def _rows(store: Store, kind: type[Row], text: str, over: Span, **values: Any) -> list[Row]:
    """Run a query of graph/requested.py if there are any requests."""
    return read_rows(store, kind, text, over, **values) if any_requests(store, over.start, over.end) else []


def summed(rows: list[RequestSeriesRow]) -> Requests | None:
    """Return the sum of a series, if it has any requests."""
    if not rows:
        return None
    latency: Counter[int] = Counter()
    for row in rows:
        latency.update(row.latency)
    return Requests(
        requests=sum(row.requests for row in rows),
        errors=sum(row.errors for row in rows),
        unseen=sum(row.unseen for row in rows),
        given_up=sum(row.given_up for row in rows),
        latency=latency,
        sampling=max(row.sampling for row in rows),
    )

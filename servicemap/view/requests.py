"""HTTP requests on edges, where they are known: at the levels process, service and host, of stretches up to two hours.

They are joined with the flows they are on, for which there is no roll-up.
"""

from collections import Counter
from typing import Any, cast

from dashboards.queries import query
from servicemap.view.keys import Key, Requests, quantiles
from servicemap.view.parameters import EdgeAsked, Level
from servicemap.view.rows import FEW_MS, Row, Span
from servicemap.view.series import Line
from sinks.store import Store

LEVELS = {"process", "service", "host"}
LINES = (
    Line(1, "requests", "1/s", rate=True),
    Line(2, "errors", "1/s", rate=True),
    Line(3, "p50", "ms"),
    Line(4, "p99", "ms"),
)


def requests_by_edge(store: Store, level: Level, over: Span) -> dict[Key, Requests]:
    """Return the requests on every edge that has any."""
    rows = _read(store, "view_requests", level, over)
    return {cast(Key, row[:4]): Requests(*row[4:]) for row in rows}


def request_series(store: Store, level: Level, over: Span, server: str, edge: EdgeAsked | None = None) -> list[Row]:
    """Return for each step what a node answered, or that on one edge: the columns of LINES, and the sketch."""
    which: dict[str, Any] = {"client": "", "transport": "", "port": 0}
    if edge is not None:
        which = {"client": edge.client, "transport": edge.transport, "port": edge.port}
    rows = _read(store, "view_request_series", level, over, server=server, **which)
    return [(at, requests, errors, *quantiles(latency), latency) for at, requests, errors, latency in rows]


def summed(rows: list[Row]) -> Requests | None:
    """Return all the requests of a series as one, if there are any."""
    if not rows:
        return None
    latency: Counter[int] = Counter()
    for row in rows:
        latency.update(row[5])
    return Requests(sum(row[1] for row in rows), sum(row[2] for row in rows), latency)


def _read(store: Store, name: str, level: Level, over: Span, **asked: Any) -> list[Row]:
    ranged = {"from": over.start, "to": over.end}
    if level not in LEVELS or over.end - over.start > FEW_MS:
        return []
    if not store.query(query("view_requested"), ranged)[0][0]:
        return []
    values = {"level": level, "step": over.step, **ranged, **asked}
    return store.query(f"WITH\n{query('view_asked')}{query(name)}", values)

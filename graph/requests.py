"""HTTP requests on the edges of a map, where they are known."""

from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from msgspec import structs

from dashboards.queries import query
from graph.health import Counts, faults, judgement, usual_ms
from graph.model import Edge, ServiceMap
from schemas.health import USUAL_MS
from schemas.latency import quantile
from sinks.store import Store

Key = tuple[str, str, str, int]  # client, server, transport, server's port


def key(edge: Edge) -> Key:
    """Return what an edge is known by."""
    return edge.client, edge.server, edge.transport, edge.server_port


class Requests(NamedTuple):
    """HTTP requests on an edge: how many, how many failed (5xx or unanswered), how many more their clients gave up.

    `latency` is the sketch of the answers' times.
    """

    requests: int
    errors: int
    given_up: int
    latency: Mapping[int, int]

    def told(self) -> dict[str, Any]:
        """Return them as an edge tells them; times are None where nothing was answered."""
        p50, p99 = quantiles(self.latency)
        counts = {"requests": self.requests, "errors": self.errors, "given_up": self.given_up}
        return counts | {"p50_ms": p50, "p99_ms": p99}


def quantiles(latency: Mapping[int, int]) -> tuple[float | None, float | None]:
    """Return p50 and p99 of a sketch in ms; None without any answers."""
    if not latency:
        return None, None
    return quantile(latency, 0.5) / 1000, quantile(latency, 0.99) / 1000


def judged(found: ServiceMap, asked: Mapping[Key, Requests], usual: Mapping[Key, Requests]) -> ServiceMap:
    """Return a map whose edges tell the requests that were `asked` on them, and how well they do by what is `usual`."""

    def told(edge: Edge) -> Edge:
        requests, before = asked.get(key(edge)), usual.get(key(edge))
        known = requests.told() | {"usual_ms": usual_ms(before.latency if before else {})} if requests else {}
        return structs.replace(edge, **known, **judgement(faults(counts(edge, requests, before))))

    return structs.replace(found, edges=[told(edge) for edge in found.edges])


def counts(edge: Edge, requests: Requests | None, usual: Requests | None) -> Counts:
    """Return what an edge is judged by."""
    tcp = (
        edge.connections_opened,
        edge.connections_failed,
        edge.client_sent_segments + edge.server_sent_segments,
        edge.client_retransmits + edge.server_retransmits,
    )
    if requests is None:
        return Counts(*tcp)
    return Counts(*tcp, requests.requests, requests.errors, requests.latency, usual.latency if usual else {})


def usual_by_edge(store: Store, level: str, start: int) -> dict[Key, Requests]:
    """Return the requests before `start`, ms, by which those since are judged."""
    return requests_by_edge(store, level, max(0, start - USUAL_MS), start)


def any_requests(store: Store, start: int, end: int) -> bool:
    """Say whether there are any in [start, end), ms: asking that is quick, and mostly there are none."""
    return bool(store.query(query("view_requested"), {"from": start, "to": end})[0][0])


def requests_by_edge(store: Store, level: str, start: int, end: int) -> dict[Key, Requests]:
    """Return the requests in [start, end), ms, on every edge of a level that has any."""
    if not any_requests(store, start, end):
        return {}
    rows = store.query(asked(level, "map_told") + query("view_requests"), {"level": level, "from": start, "to": end})
    return {cast(Key, row[:4]): Requests(*row[4:]) for row in rows}


def asked(level: str, told: str) -> str:
    """Return SQL that begins with WITH and defines `asked`, requests by edge of a level; `told` is one of *_told."""
    names = ("view_asked_addresses",) if level == "address" else (told, "map_requests", "view_asked")
    return "WITH\n" + "".join(map(query, names))

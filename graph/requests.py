"""Requests on the edges of a map, if agents saw any."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from msgspec import structs

from graph import counters
from graph.asked import any_requested
from graph.asking import Store
from graph.health import Counts, faults, judgement, known_share, usual_ms
from graph.model import Edge, ServiceMap
from graph.requested import AnyRow, RequestsRow, on_edges, quantiles
from schemas.health import OF_REQUESTS, SHARES, USUAL_MS


class Key(NamedTuple):
    """The identity of an edge at a level; a row of `known_edges` (graph/known.py)."""

    client: str
    server: str
    transport: str
    server_port: int


class Requests(NamedTuple):
    """Requests on an edge: their number, errors (of HTTP: 5xx; or unanswered), and further ones that clients gave up.

    Of the requests, nobody saw how the `unseen` ones ended. `latency` is the sketch of the times to their answers
    (schemas/latency.py). Where one of several connections was looked at (`sampling`), all this is estimated.
    """

    requests: int
    errors: int
    unseen: int
    given_up: int
    latency: Mapping[int, int]
    sampling: int

    @property
    def sums(self) -> dict[str, int]:
        """Return the sums by which an edge is judged (graph/health.py)."""
        return {name: getattr(self, name) for name in OF_REQUESTS}

    def as_fields(self) -> dict[str, Any]:
        """Return them as fields of an edge; the share of errors and times are None where no answer was seen."""
        p50, p99 = quantiles(self.latency)
        return {
            "requests": self.requests,
            "errors": self.errors,
            "unseen": self.unseen,
            SHARES["errors"].name: known_share("errors", self.sums),
            "given_up": self.given_up,
            "p50_ms": p50,
            "p99_ms": p99,
            "sampling": self.sampling,
        }


def key(edge: Edge) -> Key:
    """Return the identity of an edge."""
    return Key(edge.client, edge.server, edge.transport, edge.server_port)


def by_edge(rows: list[RequestsRow]) -> dict[Key, Requests]:
    """Return the requests of each edge."""
    return {
        Key(row.client, row.server, row.transport, row.server_port): Requests(
            row.requests, row.errors, row.unseen, row.given_up, row.latency, row.sampling
        )
        for row in rows
    }


def judged(found: ServiceMap, requests: Mapping[Key, Requests], usual: Mapping[Key, Requests]) -> ServiceMap:
    """Return a map whose edges have their requests, and their health compared with what is `usual`."""

    def with_requests(edge: Edge) -> Edge:
        own, before = requests.get(key(edge)), usual.get(key(edge))
        asked = own.as_fields() | {"usual_ms": usual_ms(before.latency if before else {})} if own else {}
        return structs.replace(edge, **asked, **judgement(faults(counts(edge, own, before))))

    return structs.replace(found, edges=[with_requests(edge) for edge in found.edges])


def counts(edge: Edge, requests: Requests | None, usual: Requests | None) -> Counts:
    """Return the counts that decide the health of an edge."""
    happened = {"opened": edge.connections_opened, "failed": edge.connections_failed}
    counted = Counts(happened | counters.judged(edge.counters))
    return counted if requests is None else plus_requests(counted, requests, usual)


def plus_requests(counted: Counts, requests: Requests, usual: Requests | None) -> Counts:
    """Return counts that include requests, and the usual latency."""
    sums = {**counted.sums, **requests.sums}
    return Counts(sums, requests.latency, usual.latency if usual else {}, requests.sampling)


def usual_by_edge(store: Store, level: str, start: int) -> dict[Key, Requests]:
    """Return the requests of the hour before `start`, ms. Later ones are compared with them."""
    return requests_by_edge(store, level, max(0, start - USUAL_MS), start)


def any_requests(store: Store, start: int, end: int) -> bool:
    """Return whether there are any in [start, end), ms. This query is fast, and mostly there are none."""
    return bool(store.row(AnyRow, any_requested(), {"from": start, "to": end}).there)


def requests_by_edge(store: Store, level: str, start: int, end: int) -> dict[Key, Requests]:
    """Return the requests in [start, end), ms, of each edge of a level that has any."""
    if not any_requests(store, start, end):
        return {}
    return by_edge(store.rows(RequestsRow, on_edges(level), {"from": start, "to": end}))

"""Edges as counters that only grow, as service graphs of Tempo and Grafana take them. Pure: minutes are added to it.

Requests are those that were seen. Where none are seen, each new connection counts as one. Nodes are called by their
titles, so edges between nodes of one title are one series. Which type a connection has is said as Tempo says it.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from msgspec import Struct, field

from graph.clustering.data_stores import STORES
from graph.labels import printable
from graph.model import Edge, Node, ServiceMap
from graph.requests import Key, Requests, key
from schemas.latency import microseconds
from schemas.times import HOUR_MS

BOUNDS = (0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.024, 2.048, 4.096, 8.192, 16.384)
"""Upper bounds of the histogram of times to the answer, s."""
USER = "user"  # the client that nobody looks at, as Tempo calls it
KEPT_MS = HOUR_MS  # a series without an edge for so long makes room
_QUEUES = frozenset({"ActiveMQ", "Kafka", "NATS", "Pulsar", "RabbitMQ"})
_TYPES = {
    word: "messaging_system" if store.kind in _QUEUES else "database"
    for store in STORES
    for word in (*store.programs, *store.protocols)
}


class Series(NamedTuple):
    """The labels of a series."""

    client: str
    server: str
    connection_type: str


class Counts(Struct):
    """What was counted of a series since `began`, ms; it was there last in the minute that begins at `seen`."""

    began: int
    seen: int
    requests: int = 0
    failed: int = 0
    answers: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    seconds: float = 0.0


class ServiceGraph:
    """Counts of up to `most` series. Edges that find no room are counted in `left_out`, and nowhere else."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.series: dict[Series, Counts] = {}
        self.left_out = Counter[str]()
        self.without_room = 0  # edges of the latest minute

    def add(self, found: ServiceMap, requests: Mapping[Key, Requests], minute: int) -> None:
        """Count a minute, which begins at `minute`, ms. Of what is new the busiest find room first."""
        self._make_room(minute)
        self.without_room = 0
        for series, edges in sorted(_series(found).items(), key=lambda each: _least_busy(each[1], requests)):
            counts = self.series.get(series)
            if counts is None and len(self.series) < self._most:
                counts = self.series[series] = Counts(began=minute, seen=minute)
            for edge in edges:
                self._count(counts, edge, requests.get(key(edge)), minute)

    def _count(self, counts: Counts | None, edge: Edge, asked: Requests | None, minute: int) -> None:
        total, failed = _total(edge, asked)
        if counts is None:
            self.without_room += 1
            self.left_out.update(edges=1, requests=total)
            return
        counts.seen = minute
        counts.requests += total
        counts.failed += failed
        for bucket, count in (asked.latency if asked else {}).items():
            seconds = microseconds(bucket) / 1e6
            counts.answers[bisect_left(BOUNDS, seconds)] += count
            counts.seconds += seconds * count

    def _make_room(self, minute: int) -> None:
        for series in [each for each, counts in self.series.items() if minute - counts.seen > KEPT_MS]:
            del self.series[series]


def _series(found: ServiceMap) -> Mapping[Series, list[Edge]]:
    """Return the edges of each series; what asks itself has none."""
    nodes = {node.id: node for node in found.nodes}
    made: dict[Series, list[Edge]] = {}
    for edge in found.edges:
        if edge.client != edge.server:
            client, server = nodes[edge.client], nodes[edge.server]
            name = USER if client.kind == "address" else printable(client.title)
            made.setdefault(Series(name, printable(server.title), _type(client, server, edge)), []).append(edge)
    return made


def _type(client: Node, server: Node, edge: Edge) -> str:
    """Return the type of a connection, as Tempo names them."""
    program, service = (name.rpartition("/")[2] for name in (server.exe, server.service))
    known = next((_TYPES[word] for word in (edge.protocol, server.name, program, service) if word in _TYPES), "")
    return known or ("virtual_node" if "address" in (client.kind, server.kind) else "")


def _total(edge: Edge, asked: Requests | None) -> tuple[int, int]:
    """Return the requests of an edge, and those that failed."""
    if asked is not None:
        return asked.requests, asked.errors
    return edge.connections_opened, edge.connections_failed


def _least_busy(edges: Iterable[Edge], requests: Mapping[Key, Requests]) -> tuple[int, str, str]:
    first = min(edges, key=lambda edge: (edge.client, edge.server))
    return -sum(_total(edge, requests.get(key(edge)))[0] for edge in edges), first.client, first.server


def cumulated(answers: Iterable[int]) -> Iterator[int]:
    """Yield the answers of each bucket and all below it."""
    total = 0
    for count in answers:
        total += count
        yield total

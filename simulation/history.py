"""What was there and who talked to whom, from when to when: the truth as a graph of instances with its past."""

from typing import NamedTuple

from msgspec import Struct, field

from simulation.architecture import Architecture
from simulation.fleet import Instance
from simulation.truth import TrueEdge, TrueKey, TrueWindow

QUIET_MS = 60_000  # two instances without a connection for so long no longer talk


class Life(Struct):
    """A stretch of time in which something was there; it lasts while it has no end."""

    start_ms: int
    end_ms: int | None = None
    killed: bool = False


class Vertex(Struct):
    """An instance. `name` is unique, and made as Spigo makes it."""

    name: str
    instance: Instance
    lives: list[Life]


class Pair(NamedTuple):
    """Two instances by their names, and the port between them."""

    source: str
    target: str
    transport: str
    port: int


class Arc(Struct):
    """What passed between two instances, and when they talked."""

    pair: Pair
    key: TrueKey  # of the processes that talked last
    lives: list[Life] = field(default_factory=list)
    carried: TrueEdge = field(default_factory=TrueEdge)
    seen_ms: int = 0  # the end of the last window in which anything passed


class History:
    """Takes window after window. It grows with instances and pairs of them, and with what begins and ends there."""

    def __init__(self, architecture: Architecture) -> None:
        self.architecture = architecture
        self.vertices: dict[str, Vertex] = {}
        self.arcs: dict[Pair, Arc] = {}
        self.start_ms = 0
        self.end_ms = 0

    def take(self, window: TrueWindow) -> None:
        """Add a window."""
        self.start_ms = self.start_ms or window.start_ms
        self.end_ms = window.start_ms + window.width_ms
        self._take_instances(window)
        for key, edge in window.edges.items():
            if key.client in window.instances and key.server in window.instances:
                self._take_edge(window, key, edge)
        self._end(window)

    def _take_instances(self, window: TrueWindow) -> None:
        killed = {event.instance for event in window.events if event.kind == "killed"}
        there = {one.full_name: one for one in window.instances.values()}
        for name, one in there.items():
            vertex = self.vertices.setdefault(name, Vertex(name, one, []))
            _begin(vertex.lives, window.start_ms)
        for name, vertex in self.vertices.items():
            if name not in there and _lasts(vertex.lives):
                vertex.lives[-1].end_ms = window.start_ms
                vertex.lives[-1].killed = vertex.instance.name in killed

    def _take_edge(self, window: TrueWindow, key: TrueKey, edge: TrueEdge) -> None:
        client, server = (window.instances[node].full_name for node in (key.client, key.server))
        pair = Pair(client, server, key.transport, key.port)
        arc = self.arcs.setdefault(pair, Arc(pair, key))
        _begin(arc.lives, window.start_ms)
        arc.carried.add(edge)
        arc.carried.median_us = edge.median_us or arc.carried.median_us
        arc.key, arc.seen_ms = key, self.end_ms

    def _end(self, window: TrueWindow) -> None:
        """End what no longer talks: an end of it is gone, or all connections have been for a while."""
        for arc in self.arcs.values():
            if not _lasts(arc.lives):
                continue
            gone = any(not _lasts(self.vertices[name].lives) for name in (arc.pair.source, arc.pair.target))
            if gone or (self.end_ms - arc.seen_ms >= QUIET_MS and not window.open.get(arc.key)):
                arc.lives[-1].end_ms = window.start_ms if gone else arc.seen_ms


def _lasts(lives: list[Life]) -> bool:
    return bool(lives) and lives[-1].end_ms is None


def _begin(lives: list[Life], at_ms: int) -> None:
    if not _lasts(lives):
        lives.append(Life(at_ms))

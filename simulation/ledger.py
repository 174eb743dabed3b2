"""The truth as it is made: what each edge carries in this window, and what is open."""

from __future__ import annotations

from collections import deque

from simulation.faults import Fault
from simulation.fleet import Instance
from simulation.truth import TrueEdge, TrueEnd, TrueEvent, TrueKey, TrueWindow
from simulation.ways import Way

_WAITS = 120  # windows: longer than anybody waits


class Ledger:
    """Keeps the truth of the window that is being made."""

    def __init__(self, width: int) -> None:
        self.open: dict[TrueKey, int] = {}
        self.ends: dict[str, TrueEnd] = {}
        self.instances: dict[str, Instance] = {}
        self.number = -1
        self._width = width
        self._edges: dict[TrueKey, TrueEdge] = {}
        self._events: list[TrueEvent] = []
        self._ended: list[str] = []  # nodes that end with this window
        self._gone: deque[tuple[int, str]] = deque()  # nodes that are forgotten after a window

    def edge(self, way: Way) -> TrueEdge:
        """Return the edge of a way in this window."""
        if way.edge_at != self.number:
            way.edge, way.edge_at = self.at(way.key), self.number
        return way.edge

    def at(self, key: TrueKey) -> TrueEdge:
        """Return an edge in this window."""
        edge = self._edges.get(key)
        if edge is None:
            edge = self._edges[key] = TrueEdge()
        return edge

    def begin(self, key: TrueKey) -> None:
        """Note that a connection is open."""
        self.open[key] = self.open.get(key, 0) + 1

    def close(self, key: TrueKey) -> None:
        """Note that a connection closed."""
        self.at(key).closed += 1
        left = self.open[key] - 1
        if left:
            self.open[key] = left
        else:
            del self.open[key]

    def enter(self, end: TrueEnd, instance: Instance | None) -> None:
        """Note that somebody is there."""
        self.ends[end.node] = end
        if instance is not None:
            self.instances[end.node] = instance

    def leave(self, node: str) -> None:
        """Note that somebody will no longer be there after this window; others may still try to reach it."""
        self._ended.append(node)

    def forget(self, node: str) -> None:
        """Note that nobody tries any more to reach who left, but for those who wait for an answer."""
        self._gone.append((self.number + _WAITS, node))

    def happen(self, at_ms: int, kind: str, node: str, instance: str = "") -> None:
        """Note an event."""
        self._events.append(TrueEvent(at_ms, kind, node, instance))

    def window(self, start_ms: int, faults: list[Fault]) -> TrueWindow:
        """Return the truth of the window."""
        for key, edge in self._edges.items():
            edge.active = self.open.get(key, 0)
        return TrueWindow(
            number=self.number,
            start_ms=start_ms,
            width_ms=self._width,
            edges=self._edges,
            open=self.open,
            ends=self.ends,
            events=self._events,
            faults=faults,
            instances=self.instances,
        )

    def turn(self) -> None:
        """Begin the next window. What was kept for the truth of this one goes."""
        self.number += 1
        self._edges, self._events = {}, []
        for node in self._ended:
            self.instances.pop(node, None)
        self._ended = []
        while self._gone and self._gone[0][0] < self.number:
            _, node = self._gone.popleft()
            self.ends.pop(node, None)

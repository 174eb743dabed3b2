"""Traces of single requests, drawn from what edges carried: each begins at a root and goes where requests went.

The truth has no requests but their numbers and times, so traces are examples. Of each window a few are drawn.
"""

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from msgspec import Struct, field

from simulation.chance import chance
from simulation.truth import TrueEdge, TrueEnd, TrueKey, TrueWindow

TRACES = 20  # of a window
SPANS = 500  # of a trace
_SPREAD = 0.4  # of times around their median: the sigma of their logarithm
_TRANSIT = 0.05  # the share of a caller's time that the way to the server takes
_LEAST_US = 20.0


class Span(Struct):
    """One request between two processes. `parent` is the request that its client answered, None at a root."""

    trace: int
    id: int
    parent: int | None
    client: TrueEnd
    server: TrueEnd
    port: int
    start_us: int = 0  # since the epoch, as the client sees it
    duration_us: int = 0
    failed: bool = False

    @property
    def transit_us(self) -> int:
        """Return how long the request, and the answer, are on their way."""
        return int(self.duration_us * _TRANSIT / 2)


class _Calls(Struct):
    """Edges with requests by their client, and how many requests came to each process."""

    of: dict[str, dict[str, list[TrueKey]]] = field(default_factory=dict)  # client -> service -> edges
    came: dict[str, int] = field(default_factory=dict)


class Drawn(NamedTuple):
    """What a trace is drawn from."""

    window: TrueWindow
    calls: _Calls


class Tracer:
    """Draws traces, window after window: the same by the same seed."""

    def __init__(self, seed: int | str) -> None:
        self._draw = chance(seed, "traces")

    def traces(self, window: TrueWindow, most: int = TRACES) -> Iterator[list[Span]]:
        """Yield the traces of a window, each with its root first and parents before their children."""
        calls = _calls(window.edges, window.ends)
        roots = [
            key
            for key, edge in window.edges.items()
            if edge.requests and not calls.came.get(key.client)
        ]  # fmt: skip
        if not roots:
            return
        weights = [window.edges[key].requests for key in roots]
        for key in self._draw.choices(roots, weights, k=min(most, sum(weights))):
            yield self._trace(window, calls, key)

    def _trace(self, window: TrueWindow, calls: _Calls, root: TrueKey) -> list[Span]:
        spans: list[Span] = []
        begun = window.start_ms * 1000 + self._draw.randrange(window.width_ms * 1000)
        passed = frozenset({window.ends[root.client].service})
        self._ask(Drawn(window, calls), spans, self._span(window, root, None), passed)
        _place(spans, begun)
        return spans

    def _span(self, window: TrueWindow, key: TrueKey, parent: Span | None) -> Span:
        draw, edge = self._draw, window.edges[key]
        return Span(
            trace=parent.trace if parent else draw.getrandbits(128) or 1,
            id=draw.getrandbits(64) or 1,
            parent=parent.id if parent else None,
            client=window.ends[key.client],
            server=window.ends[key.server],
            port=key.port,
            duration_us=int(max(_LEAST_US, edge.median_us) * math.exp(draw.gauss(0, _SPREAD))),
            failed=draw.random() < (edge.errors + edge.unanswered) / edge.requests,
        )

    def _ask(self, of: Drawn, spans: list[Span], span: Span, passed: frozenset[str]) -> None:
        """Add a request, and those that its server makes for it. No request passes a service twice."""
        spans.append(span)
        here = span.server
        passed |= {here.service}
        for service, edges in of.calls.of.get(here.node, {}).items():
            if service in passed or len(spans) >= SPANS:
                continue
            weights = [of.window.edges[key].requests for key in edges]
            if self._draw.random() * of.calls.came[here.node] < sum(weights):
                (key,) = self._draw.choices(edges, weights)
                self._ask(of, spans, self._span(of.window, key, span), passed)


def _calls(edges: Mapping[TrueKey, TrueEdge], ends: Mapping[str, TrueEnd]) -> _Calls:
    found = _Calls()
    for key, edge in edges.items():
        if edge.requests:
            service = ends[key.server].service
            found.of.setdefault(key.client, {}).setdefault(service, []).append(key)
            found.came[key.server] = found.came.get(key.server, 0) + edge.requests
    return found


def _place(spans: list[Span], begun_us: int) -> None:
    """Give each request its time: calls are made one after another, and a caller waits for all of them."""
    children: dict[int | None, list[Span]] = {}
    for span in spans:
        children.setdefault(span.parent, []).append(span)
    for span in reversed(spans):  # children come after their parents
        inner = sum(child.duration_us for child in children.get(span.id, ()))
        span.duration_us = max(span.duration_us, int(inner / (1 - 2 * _TRANSIT)) + 1)
    for span in spans:
        if span.parent is None:
            span.start_us = begun_us
        at = span.start_us + span.transit_us
        for child in children.get(span.id, ()):
            child.start_us = at
            at += child.duration_us

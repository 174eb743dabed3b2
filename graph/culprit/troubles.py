"""What troubles those who ask: answers that come later than usual, and requests that fail, on an edge or to a node."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from statistics import median
from typing import Literal, NamedTuple

from graph.culprit import sums
from graph.culprit.departures import NAMED, Split, departure, rises
from graph.culprit.measures import TIMES
from graph.culprit.model import Edge, Measured, Values

Trouble = Literal["slow", "failing"]
TROUBLES: tuple[Trouble, ...] = ("failing", "slow")
_LEAST_SHARE = 0.004  # of requests that fail beyond the usual share: fewer are no trouble
_MOST_CALLS = 20.0  # of an edge for each request to its client
_RARELY = 0.02  # the same of an edge whose usual requests are not known


class State(NamedTuple):
    """How an edge, or all edges to a node, do: how much is asked, and what departs; None where it is not known."""

    asked: Measured | None
    slow: Measured | None
    failing: Measured | None
    mean: Measured | None = None

    def of(self, trouble: Trouble) -> Measured | None:
        """Return the measure of a trouble if it departs."""
        found = self.slow if trouble == "slow" else self.failing
        if not rises(found, NAMED) or found is None:
            return None
        return found if trouble == "slow" or excess(found) >= _LEAST_SHARE else None

    def added(self, trouble: Trouble) -> float:
        """Return what a trouble adds to a request: ms of its mean where that is known, or the share that fails."""
        found = self.of(trouble)
        if found is None:
            return 0.0
        longer = excess(self.mean) if trouble == "slow" and self.mean else 0.0
        return longer if longer > 0 else excess(found)

    @property
    def worst(self) -> float:
        """Return how far out the worst trouble is; 0 without any."""
        return max((found.out for trouble in TROUBLES if (found := self.of(trouble))), default=0.0)

    @property
    def known(self) -> bool:
        """Return whether anything of the answers is known."""
        return self.slow is not None or self.failing is not None


def excess(found: Measured) -> float:
    """Return by how much something is higher than usual."""
    return found.now - found.usual


def state(subject: str, series: Mapping[str, Values], at: Split, step_s: float) -> State:
    """Compare what reaches a subject with its past."""
    asked = series.get("requests") or series.get("opened") or ()
    known = [value for index in at.usual if asked and (value := asked[index]) is not None]
    whole = (median(known) if known else 0.0) * step_s
    share = sums.failing(series)
    times = [departure(subject, name, series[name], at, whole) for name in TIMES if series.get(name)]
    return State(
        asked=departure(subject, "requests", asked, at) if asked else None,
        slow=max(filter(None, times), key=lambda found: found.out, default=None),
        failing=departure(subject, "failing", share, at, whole) if share else None,
        mean=next((found for found in times if found and found.measure == "mean"), None),
    )


class Calls:
    """Who asks whom, and how each edge and each node does."""

    def __init__(self, edges: Iterable[Edge], at: Split, step_s: float) -> None:
        self._at, self._step_s = at, step_s
        self.into: dict[str, list[Edge]] = defaultdict(list)
        self.out_of: dict[str, list[Edge]] = defaultdict(list)
        self.edges: dict[str, Edge] = {}
        for edge in sorted(edges, key=lambda edge: edge.id):
            if edge.client != edge.server:
                self.edges[edge.id] = edge
                self.into[edge.server].append(edge)
                self.out_of[edge.client].append(edge)

    @cached_property
    def on(self) -> dict[str, State]:
        """Return how each edge does."""
        return {name: self.state(name, edge.series) for name, edge in self.edges.items()}

    @cached_property
    def to(self) -> dict[str, State]:
        """Return how each node does in the eyes of its clients."""
        return {
            node: self.on[edges[0].id] if len(edges) == 1 else self._together(node, edges)
            for node, edges in self.into.items()
        }

    def state(self, subject: str, series: Mapping[str, Values]) -> State:
        """Return how a subject does."""
        return state(subject, series, self._at, self._step_s)

    def troubled(self, trouble: Trouble, edges: Sequence[Edge]) -> list[tuple[Edge, Measured]]:
        """Return which of some edges have a trouble."""
        return [(edge, found) for edge in edges if (found := self.on[edge.id].of(trouble))]

    def calls(self, edge: Edge) -> float:
        """Return how often an edge is asked for each request to its client, usually; 1 if that is not known."""
        one, whole = self.on[edge.id].asked, self.to[edge.client].asked if edge.client in self.to else None
        if one and whole and whole.usual > 0:
            return min(one.usual / whole.usual, _MOST_CALLS)
        return _RARELY if edge.series.get("requests") and whole else 1.0

    def _together(self, node: str, edges: list[Edge]) -> State:
        return self.state(node, sums.together(edges))

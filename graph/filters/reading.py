"""What filters need to know of a map beside the map: labels of hosts, and what was there before."""

from datetime import datetime
from typing import NamedTuple

from graph.annotations import by_host
from graph.asking import Store
from graph.filters.seen import Seen
from graph.filters.terms import Filter
from graph.filters.times import before
from graph.hosts import LabelsRow, labels
from graph.known import known_edges
from graph.model import ServiceMap
from graph.requests import Key, key


class Earlier(NamedTuple):
    """The edges that were there before a time, ms."""

    edges: frozenset[Key]
    until: int

    def new(self, of: ServiceMap) -> frozenset[Key]:
        """Return the edges of a map that were not. Where nothing is known of the time before, none is new."""
        if not self.edges:
            return frozenset()
        since = {key(edge) for edge in of.edges if datetime.fromisoformat(edge.first).timestamp() * 1000 >= self.until}
        return frozenset(since - self.edges)


def seen_by(store: Store, of: ServiceMap, by: Filter, end: int) -> Seen:
    """Return a judged map up to `end`, ms, with what a filter needs to know beside it."""
    known = by_host(store.rows(LabelsRow, labels()))
    return Seen(of, known, {age: earlier(store, end, of.level, age).new(of) for age in by.ages})


def earlier(store: Store, end: int, level: str, age: str) -> Earlier:
    """Read the edges of a level that are not new at `end`, ms, by how old something new may be."""
    start, until = before(age, end)
    return Earlier(frozenset(store.rows(Key, known_edges(level), {"from": start, "to": until})), until)

"""What filters need to know of a map beside the map: labels of hosts, and what was there before."""

from collections.abc import Iterable
from datetime import datetime

from graph.annotations import by_host
from graph.asking import Store
from graph.filters.seen import Seen
from graph.filters.terms import Filter
from graph.filters.times import before
from graph.hosts import LabelsRow, labels
from graph.known import known_edges
from graph.model import ServiceMap
from graph.requests import Key, key


def seen_by(store: Store, of: ServiceMap, by: Filter, end: int) -> Seen:
    """Return a judged map up to `end`, ms, with what a filter needs to know beside it."""
    known = by_host(store.rows(LabelsRow, labels()))
    return Seen(of, known, {age: fresh(store, of, age, end) for age in by.ages})


def fresh(store: Store, of: ServiceMap, age: str, end: int) -> frozenset[Key]:
    """Return the edges of a map that are new. Where nothing is known of the time before, none is."""
    start, until = before(age, end)
    known = set(store.rows(Key, known_edges(of.level), {"from": start, "to": until}))
    return new_among(of, known, until) if known else frozenset()


def new_among(of: ServiceMap, known: Iterable[Key], since: int) -> frozenset[Key]:
    """Return the edges of a map that were first seen since a time, ms, and are not among those that are known."""
    recent = {key(edge) for edge in of.edges if datetime.fromisoformat(edge.first).timestamp() * 1000 >= since}
    return frozenset(recent.difference(known))

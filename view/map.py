"""The answer of /api/map: the map of a range, the range before it, what was known, and annotations."""

import asyncio
from typing import Any, NamedTuple

import msgspec

from graph.annotations import by_host, read_annotations
from graph.filters.reading import earlier
from graph.filters.terms import Filter
from graph.known import known_edges
from graph.levels import LEVELS
from graph.model import ServiceMap, Wanted
from graph.node_texts import Labels
from graph.overlays import annotated, at_time
from graph.reading import read_map
from graph.recorded import whole_minutes, windows_since
from graph.requests import Key, Requests, judged, key, requests_by_edge, usual_by_edge
from schemas.times import MINUTE_MS
from sinks.store import Store
from view.clocks import clocks_off
from view.clusters import Clusters
from view.drawing import NEW_MS, drawn
from view.events import lives
from view.filtering import marked, reduced, wanted_filter
from view.hosts import read_labels
from view.minutely import Minutely
from view.newest import read_newest
from view.parameters import Level, MapAsked, time_range
from view.parts import Parts
from view.stores import Stores
from view.suspects import suspected

KNOWN_MS = 3_600_000  # an edge is new if it was not there for so long before
BEFORE_MS = 600_000  # edges of so much time before are gone if they are not there now
KEPT_SECONDS = 10
ByEdge = dict[Key, Requests]


class Read(NamedTuple):
    """A map that was read, and how it is drawn."""

    found: ServiceMap
    past: ServiceMap | None
    requests: ByEdge
    usually: ByEdge
    labels: Labels
    lives: list[dict[str, Any]]
    drawn: dict[str, Any]


class Latest:
    """The map that was read last. Somebody who types a filter asks for the same map again with each letter."""

    def __init__(self) -> None:
        self._of: object = None
        self._found: Read | None = None

    def of(self, wanted: object) -> Read | None:
        """Return the map if it is the one that is wanted."""
        return self._found if wanted == self._of else None

    def keep(self, of: object, found: Read) -> None:
        """Keep a map for a while."""
        self._of, self._found = of, found
        asyncio.get_running_loop().call_later(KEPT_SECONDS, self._forget, found)

    def _forget(self, found: Read) -> None:
        if self._found is found:
            self._of = self._found = None


class Before:
    """What maps need of the time before them, read once a minute for all readers."""

    def __init__(self) -> None:
        self.known = Minutely(_known, most=len(LEVELS))
        self.usual = Minutely(_usual, most=len(LEVELS))
        self.earlier = Minutely(earlier, most=len(LEVELS))
        self.clocks = Minutely(clocks_off, most=1)
        self.suspects = Minutely(suspected, most=1)
        self.clusters = Clusters()
        self.parts = Parts()
        self.latest = Latest()

    def fresh(self, store: Store, of: ServiceMap, by: Filter, end: int) -> dict[str, frozenset[Key]]:
        """Return the edges that are new, by how old a filter lets them be."""
        return {age: self.earlier.at(store, end, of.level, age).new(of) for age in by.ages}

    def lasting(self, store: Store, end: int) -> list[dict[str, Any]]:
        """Return what is wrong between hosts for longer than a moment."""
        return [*self.suspects.at(store, end), *self.clocks.at(store, end)]


def _known(store: Store, end: int, level: Level) -> frozenset[Key]:
    """Read the edges that existed before those that count as new in the minute that begins at `end`."""
    until = end + MINUTE_MS - NEW_MS
    return frozenset(_edges_in(store, level, until - KNOWN_MS, until))


def _usual(store: Store, start: int, level: Level) -> ByEdge:
    return usual_by_edge(store, level, start)


async def map_answer(stores: Stores, asked: MapAsked, before: Before, now: int) -> dict[str, Any]:
    """Return the answer of /api/map."""
    by = wanted_filter(asked.filter)
    newest = await stores.ask(lambda store: read_newest(store, now))
    asked_range = time_range(asked, newest.end)
    since = await stores.ask(windows_since) if newest.end else 0
    start, end = whole_minutes(since, *asked_range)
    about = {
        "newest": newest.end,
        "width_ms": newest.width,
        "level": asked.level,
        "changes": asked.changes,
        "clusters": asked.clusters,
    }
    answer = {"from": start, "to": end} | about
    if not newest.end:
        return answer | {"nodes": [], "edges": [], "gone": [], "lives": []}
    wanted = Wanted(start=start, end=end, level=asked.level, service=asked.service, host=asked.host)
    of = (wanted, asked.changes, asked.clusters)
    found = before.latest.of(of) if by else None
    if found is None:
        found = await _read(stores, asked, wanted, before)
        before.latest.keep(of, found)
    shown = await _kept(stores, before, found, by, end, reduce=asked.reduce) if by else found.drawn
    return answer | {"lives": found.lives} | shown


async def _read(stores: Stores, asked: MapAsked, wanted: Wanted, before: Before) -> Read:
    """Read a map. Its parts are read at the same time."""
    level, start, end, past_range = wanted.level, wanted.start, wanted.end, _earlier(wanted)
    found, were_there, known, (requests, usually), (labels, noted), recent = await asyncio.gather(
        stores.ask(lambda store: read_map(store, wanted)),
        stores.ask(lambda store: _edges_in(store, level, past_range.start, past_range.end) if asked.changes else set()),
        stores.ask(lambda store: before.known.at(store, end, level) if asked.changes else frozenset()),
        stores.ask(lambda store: _requests(store, before, level, start, end)),
        stores.ask(lambda store: (read_labels(store), at_time(read_annotations(store), end - 1))),
        stores.ask(lambda store: [*before.lasting(store, end), *lives(store, start, end)] if asked.changes else []),
    )
    found = annotated(found, noted, by_host(labels))
    # Mostly nothing is gone, and the ids alone show that quickly.
    gone = not were_there <= {key(edge) for edge in found.edges}
    past = await stores.ask(lambda store: read_map(store, past_range)) if gone else None
    shown = await stores.ask(lambda _: drawn(found, past, known, requests, usually, labels))
    if not (asked.service or asked.host):
        await stores.ask(lambda _: before.parts.name(level, shown))
    clusters = await stores.ask(lambda store: before.clusters.names(store, level, end - 1)) if asked.clusters else {}
    for node in shown["nodes"]:
        if node["id"] in clusters:
            node["cluster"] = clusters[node["id"]]
    return Read(found, past, requests, usually, by_host(labels), recent, shown)


async def _kept(stores: Stores, before: Before, of: Read, by: Filter, end: int, *, reduce: bool) -> dict[str, Any]:
    """Return a map as it is drawn, with what a filter keeps of it."""

    def marks(store: Store) -> dict[str, Any]:
        judged_map = judged(of.found, of.requests, of.usually)
        fresh = before.fresh(store, of.found, by, end)
        return marked(judged_map, of.past, by, of.labels, fresh)

    found = await stores.ask(marks)
    return {"filter": found} | (reduced(of.drawn, found) if reduce else of.drawn)


def _earlier(wanted: Wanted) -> Wanted:
    """Return the range before."""
    end = wanted.start
    return msgspec.structs.replace(wanted, start=max(0, end - min(wanted.end - wanted.start, BEFORE_MS)), end=end)


def _edges_in(store: Store, level: Level, start: int, end: int) -> set[Key]:
    """Read the identities of the edges of a range."""
    return set(store.rows(Key, known_edges(level), {"from": start, "to": end}))


def _requests(store: Store, before: Before, level: Level, start: int, end: int) -> tuple[ByEdge, ByEdge]:
    """Read the requests of a range, and the usual ones where there are any."""
    found = requests_by_edge(store, level, start, end)
    return found, before.usual.at(store, start, level) if found else {}

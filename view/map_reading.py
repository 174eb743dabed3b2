"""Reading what the map is drawn of: the stretch, the one before it, what was known earlier, and where hosts stand."""

import asyncio
import threading
from typing import Any, cast

import msgspec

from dashboards.queries import query
from graph.model import LEVELS, Wanted
from graph.reading import read_map
from graph.requests import Key, Requests, key, requests_by_edge, usual_by_edge
from sinks.store import Store
from view.graph import NEW_MS, Labels, drawn
from view.newest import read_newest
from view.parameters import Level, MapAsked, stretch
from view.stores import Stores

KNOWN_MS = 3_600_000  # what was not there for so long before is new
BEFORE_MS = 600_000  # how much of what came before is looked at for what is gone
MOST_LIVES = 20
Asked = dict[Key, Requests]
LIFE = ("time", "kind", "subject", "service", "detail")


class Known:
    """The edges that were there before the latest minutes: asked for once a minute and level. For several threads."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], frozenset[Key]] = {}
        self._lock = threading.Lock()

    def before(self, store: Store, level: Level, end: int) -> frozenset[Key]:
        """Return the edges that were there when those that are new at `end` were not."""
        asked = level, end // 60_000
        with self._lock:
            if asked not in self._known:
                until = (asked[1] + 1) * 60_000 - NEW_MS
                rows = _edges_in(store, level, until - KNOWN_MS, until)
                while len(self._known) >= len(LEVELS):
                    del self._known[next(iter(self._known))]
                self._known[asked] = frozenset(rows)
            return self._known[asked]


class Usual:
    """What is usual on edges: asked for once a minute and level, for many ask for what is now. For several threads."""

    def __init__(self) -> None:
        self._usual: dict[tuple[str, int], dict[Key, Requests]] = {}
        self._lock = threading.Lock()

    def before(self, store: Store, level: Level, start: int) -> dict[Key, Requests]:
        """Return the requests before a stretch that begins at `start`, or up to a minute earlier."""
        asked = level, start // 60_000
        found = self._usual.get(asked)
        if found is None:
            found = usual_by_edge(store, level, start)  # others need not wait for it
            with self._lock:
                while len(self._usual) >= len(LEVELS):
                    del self._usual[next(iter(self._usual))]
                self._usual[asked] = found
        return found


async def map_answer(stores: Stores, asked: MapAsked, known: Known, usual: Usual, now: int) -> dict[str, Any]:
    """Return the map that is asked for, as /api/map tells it. What it is made of is read side by side."""
    newest = await stores.ask(lambda store: read_newest(store, now))
    start, end = stretch(asked, newest.end)
    level = asked.level
    wanted = Wanted(start=start, end=end, level=level, service=asked.service, host=asked.host)
    earlier = _earlier(wanted)
    about = {"newest": newest.end, "width_ms": newest.width, "level": level, "changes": asked.changes}
    answer = {"from": start, "to": end} | about
    if not newest.end:
        return answer | {"nodes": [], "edges": [], "gone": [], "lives": []}
    found, was, before, (requests, usually), labels, lives = await asyncio.gather(
        stores.ask(lambda store: read_map(store, wanted)),
        stores.ask(lambda store: _edges_in(store, level, earlier.start, earlier.end) if asked.changes else set()),
        stores.ask(lambda store: known.before(store, level, end) if asked.changes else frozenset()),
        stores.ask(lambda store: _requests(store, usual, level, start, end)),
        stores.ask(_labels),
        stores.ask(lambda store: _lives(store, start, end) if asked.changes else []),
    )
    # Most often all that was is still there, and that is quickly known.
    gone = not was <= {key(edge) for edge in found.edges}
    past = await stores.ask(lambda store: read_map(store, earlier)) if gone else None
    return answer | {"lives": lives} | await stores.ask(lambda _: drawn(found, past, before, requests, usually, labels))


def _earlier(wanted: Wanted) -> Wanted:
    """Return what to ask for to see the stretch before."""
    end = wanted.start
    return msgspec.structs.replace(wanted, start=max(0, end - min(wanted.end - wanted.start, BEFORE_MS)), end=end)


def _edges_in(store: Store, level: Level, start: int, end: int) -> set[Key]:
    """Read which edges there were in a stretch."""
    text = query("view_known_addresses" if level == "address" else "view_known")
    return {*cast(list[Key], store.query(text, {"level": level, "from": start, "to": end}))}


def _requests(store: Store, usual: Usual, level: Level, start: int, end: int) -> tuple[Asked, Asked]:
    """Read the requests of a stretch, and those that are usual where there are any."""
    found = requests_by_edge(store, level, start, end)
    return found, usual.before(store, level, start) if found else {}


def _labels(store: Store) -> list[Labels]:
    rows = store.query("SELECT host, hostname, labels FROM hosts FINAL")
    return [Labels(host, hostname, told.get("region", ""), told.get("zone", "")) for host, hostname, told in rows]


def _lives(store: Store, start: int, end: int) -> list[dict[str, Any]]:
    rows = store.query(query("view_lives"), {"from": start, "to": end, "most": MOST_LIVES})
    return [dict(zip(LIFE, row, strict=True)) for row in rows]

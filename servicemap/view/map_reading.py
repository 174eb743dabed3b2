"""Reading what the map is drawn of: the stretch, the one before it, what was known earlier, and where hosts stand."""

import threading
from typing import Any, NamedTuple, cast

import msgspec

from dashboards.queries import query
from servicemap.map_model import LEVELS, ServiceMap, Wanted
from servicemap.map_read import read_map
from servicemap.view.graph import NEW_MS, Labels, drawn
from servicemap.view.keys import Key, key
from servicemap.view.parameters import Level, MapAsked, stretch
from servicemap.view.requests import requests_by_edge
from servicemap.view.rows import Span, read_rows
from sinks.store import Store, StoreError

KNOWN_MS = 3_600_000  # what was not there for so long before is new
BEFORE_MS = 600_000  # how much of what came before is looked at for what is gone
MOST_LIVES = 20
LIFE = ("time", "kind", "subject", "service", "detail")
_NOT_MADE = {60, 81}  # UNKNOWN_TABLE, UNKNOWN_DATABASE: the sink has not yet started on this store


class Newest(NamedTuple):
    """The newest window: when it ends, and how wide it is, ms; zeros when there is none."""

    end: int
    width: int


def read_newest(store: Store, now: int) -> Newest:
    """Read which window is the newest. A host whose clock is ahead moves nothing beyond `now`, ms."""
    try:
        ((start, width),) = store.query(query("map_newest"))
    except StoreError as error:
        if error.code in _NOT_MADE:
            return Newest(0, 0)
        raise
    return Newest(min(start + width, now) if start else 0, width)


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
                rows = read_rows(store, "view_known", level, Span(until - KNOWN_MS, until, KNOWN_MS, until))
                while len(self._known) >= len(LEVELS):
                    del self._known[next(iter(self._known))]
                self._known[asked] = frozenset(cast(list[Key], rows))
            return self._known[asked]


def map_answer(store: Store, asked: MapAsked, known: Known, now: int) -> dict[str, Any]:
    """Return the map that is asked for, as /api/map tells it."""
    newest = read_newest(store, now)
    start, end = stretch(asked, newest.end)
    wanted = Wanted(start=start, end=end, level=asked.level, service=asked.service, host=asked.host)
    answer = {"from": start, "to": end, "newest": newest.end, "width_ms": newest.width, "level": asked.level}
    if not newest.end:
        return answer | {"nodes": [], "edges": [], "gone": [], "lives": []}
    found = read_map(store, wanted)
    labels = [
        Labels(host, hostname, told.get("region", ""), told.get("zone", ""))
        for host, hostname, told in store.query("SELECT host, hostname, labels FROM hosts FINAL")
    ]
    before = _before(store, wanted, asked.level, {key(edge) for edge in found.edges})
    requests = requests_by_edge(store, asked.level, Span(start, end, end - start, newest.end))
    lives = store.query(query("view_lives"), {"from": start, "to": end, "most": MOST_LIVES})
    told = {"lives": [dict(zip(LIFE, row, strict=True)) for row in lives]}
    return answer | told | drawn(found, before, known.before(store, asked.level, end), requests, labels)


def _before(store: Store, wanted: Wanted, level: Level, there: set[Key]) -> ServiceMap | None:
    """Return the map of the stretch before, unless all that was is still `there`: most often so, and quickly known."""
    end = wanted.start
    start = max(0, end - min(wanted.end - wanted.start, BEFORE_MS))
    if {*cast(list[Key], read_rows(store, "view_known", level, Span(start, end, BEFORE_MS, end)))} <= there:
        return None
    return read_map(store, msgspec.structs.replace(wanted, start=start, end=end))

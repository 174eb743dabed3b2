"""Reading what the map is drawn of: the stretch, the one before it, what was known earlier, and where hosts stand."""

import threading
from typing import Any

import msgspec

from dashboards.queries import query
from servicemap.map_model import LEVELS, Wanted
from servicemap.map_read import newest, read_map
from servicemap.view.graph import NEW_MS, Key, Labels, drawn
from servicemap.view.parameters import MapAsked, stretch
from sinks.store import Store, StoreError

KNOWN_MS = 3_600_000  # what was not there for so long before is new
BEFORE_MS = 600_000  # how much of what came before is looked at for what is gone
_NOT_MADE = {60, 81}  # UNKNOWN_TABLE, UNKNOWN_DATABASE: the sink has not yet started on this store


def newest_end(store: Store, now: int) -> int:
    """Return when the newest window ends, ms; 0 when there is none. A host whose clock is ahead moves nothing."""
    try:
        return min(newest(store), now)
    except StoreError as error:
        if error.code in _NOT_MADE:
            return 0
        raise


class Known:
    """The edges that were there before the latest minutes: asked for once a minute and level. For several threads."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], frozenset[Key]] = {}
        self._lock = threading.Lock()

    def before(self, store: Store, level: str, end: int) -> frozenset[Key]:
        """Return the edges that were there when those that are new at `end` were not."""
        asked = level, end // 60_000
        with self._lock:
            if asked not in self._known:
                until = (asked[1] + 1) * 60_000 - NEW_MS
                rows = store.query(query("view_known"), {"level": level, "from": until - KNOWN_MS, "to": until})
                while len(self._known) >= len(LEVELS):
                    del self._known[next(iter(self._known))]
                self._known[asked] = frozenset(tuple(row) for row in rows)
            return self._known[asked]


def map_answer(store: Store, asked: MapAsked, known: Known, now: int) -> dict[str, Any]:
    """Return the map that is asked for, as /api/map tells it."""
    latest = newest_end(store, now)
    start, end = stretch(asked, latest)
    wanted = Wanted(start=start, end=end, level=asked.level, service=asked.service, host=asked.host)
    answer = {"from": start, "to": end, "newest": latest, "level": asked.level}
    if not latest:
        return answer | {"width_ms": 0, "nodes": [], "edges": [], "gone": []}
    found = read_map(store, wanted)
    earlier = max(0, start - min(end - start, BEFORE_MS))
    before = read_map(store, msgspec.structs.replace(wanted, start=earlier, end=start))
    labels = [
        Labels(host, hostname, told.get("region", ""), told.get("zone", ""))
        for host, hostname, told in store.query("SELECT host, hostname, labels FROM hosts FINAL")
    ]
    ((_, width),) = store.query(query("map_newest"))
    return answer | {"width_ms": width} | drawn(found, before, known.before(store, asked.level, end), labels)

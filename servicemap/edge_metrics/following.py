"""Follow the store: every minute is counted once, when late facts have had a minute to come."""

import logging
from collections.abc import Callable

from graph.model import Wanted
from graph.reading import newest, read_map
from graph.requests import requests_by_edge
from graph.service_graph import ServiceGraph
from schemas.retries import level as level_of_log
from schemas.times import HOUR_MS, MINUTE_MS
from sinks.store import Store, StoreError

LATE_MS = MINUTE_MS  # after its end a minute is counted
MOST_BEHIND_MS = HOUR_MS  # minutes before that are passed by
_log = logging.getLogger(__name__)


class Follower:
    """Adds the minutes of a store to a graph, from the latest on. `skipped` counts minutes that were passed by."""

    def __init__(self, connect: Callable[[], Store], graph: ServiceGraph, level: str) -> None:
        self._connect = connect
        self._graph = graph
        self._level = level
        self._store: Store | None = None
        self._next = 0  # the first minute that is not counted, ms
        self.skipped = 0
        self.failures = 0
        self._failing = 0  # in a row

    @property
    def upto(self) -> int:
        """Return up to when all is counted, ms; 0 before the first minute."""
        return self._next

    def follow(self, now: int) -> bool:
        """Count what can be by now, ms; return whether that was anything. A store that is away is waited for."""
        before = self._next
        try:
            self._follow(now)
            self._failing = 0
        except StoreError as error:
            self.failures += 1
            self._failing += 1
            _log.log(level_of_log(self._failing), "edges cannot be read, trying again: %s", error)
            self.close()
        return self._next > before

    def close(self) -> None:
        """Let the store go."""
        if self._store is not None:
            self._store.close()
            self._store = None

    def _follow(self, now: int) -> None:
        if self._store is None:
            self._store = self._connect()
        end = (min(newest(self._store), now) - LATE_MS) // MINUTE_MS * MINUTE_MS
        if not self._next:
            self._next = max(end - MINUTE_MS, 0)
        first = max(self._next, end - MOST_BEHIND_MS)
        self.skipped += max(0, first - self._next) // MINUTE_MS
        for minute in range(first, end, MINUTE_MS):
            wanted = Wanted(start=minute, end=minute + MINUTE_MS, level=self._level)
            found = read_map(self._store, wanted)
            requests = requests_by_edge(self._store, self._level, wanted.start, wanted.end)
            self._graph.add(found, requests, minute)
            self._next = minute + MINUTE_MS

"""Clocks that are far from the others, among what the page lists as changes."""

import threading
from typing import Any

from graph.clocks import off, read_clocks
from graph.lives import LifeRow
from graph.reading import names_of_hosts
from sinks.store import Store

MINUTE_MS, RANGE_MS = 60_000, 180_000


class Clocks:
    """The clocks of hosts, read once a minute for all readers. Safe for several threads."""

    def __init__(self) -> None:
        self._found: tuple[int, list[dict[str, Any]]] = (0, [])
        self._lock = threading.Lock()

    def off(self, store: Store, end: int) -> list[dict[str, Any]]:
        """Return a row like those of `lives` for each clock that is off, by the minutes before `end`, ms."""
        end = end // MINUTE_MS * MINUTE_MS
        with self._lock:
            if self._found[0] != end:
                self._found = (end, _rows(store, end))
            return self._found[1]


def _rows(store: Store, end: int) -> list[dict[str, Any]]:
    far = off(read_clocks(store, end - RANGE_MS, end))
    names = names_of_hosts(store, end - RANGE_MS, end) if far else {}
    return [
        LifeRow(end, "clock_off", f"host:{host}", "", f"the clock of {names.get(host, host)} is {text}")._asdict()
        for host, text in far.items()
    ]

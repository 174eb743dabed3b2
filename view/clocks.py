"""Clocks that are far from the others, among what the page lists as changes."""

from typing import Any

from graph.clocks import off, read_clocks
from graph.lives import LifeRow
from graph.reading import names_of_hosts
from sinks.store import Store

RANGE_MS = 180_000


def clocks_off(store: Store, end: int) -> list[dict[str, Any]]:
    """Return a row like those of `lives` for each clock that is off, by the minutes before `end`, ms."""
    far = off(read_clocks(store, end - RANGE_MS, end))
    names = names_of_hosts(store, end - RANGE_MS, end) if far else {}
    return [
        LifeRow(end, "clock_off", f"host:{host}", "", f"the clock of {names.get(host, host)} is {text}")._asdict()
        for host, text in far.items()
    ]

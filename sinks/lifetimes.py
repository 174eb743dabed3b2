"""Days of lifetimes: what the hours of processes and places say of each day, kept for longer than these hours.

A day is made from its hours when it has ended, and again when rows of it come late. Rows of a day merge, so it may be
made any number of times, also when some of its hours are no longer kept. Until a day is made, readers have its hours.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple

from graph import address_lifetimes, process_lifetimes
from schemas.facts import Merge
from schemas.graph import Nodes
from schemas.kinds import TIME
from schemas.times import DAY_MS, HOUR_MS
from sinks.store import Store, StoreError
from sinks.table import Column, Kept, Table, declared
from sinks.tables import PLACES

log = logging.getLogger(__name__)

GRACE_MS = 2 * HOUR_MS  # after a day before it is made: an exit in the next hour may be one of its processes
_DAYS_KEPT = 1_100  # as edges by the day
_ROWS = 500_000  # of hours, that one statement reads: more are split by their hosts

PROCESSES_1D = Table(
    "processes_1d",
    (
        Column("day", TIME, "start of the day"),
        *declared(Nodes, without=("hour",)),
        Column("exited", TIME, "when it exited; 1970: not known"),
    ),
    key=("day", "host", "node"),
    engine="ReplacingMergeTree(seen)",
    kept=Kept("day", "Month", _DAYS_KEPT),
)
_OF_PLACES = {column.name: column for column in PLACES.columns}
PLACES_1D = Table(
    "places_1d",
    (
        *(_OF_PLACES[name] for name in address_lifetimes.KEY if name in _OF_PLACES),
        Column("since", TIME, "start of the first minute"),
        Column("until", TIME, "end of the last minute, of those that follow each other on the day", Merge.MAX),
    ),
    key=address_lifetimes.KEY,
    kept=Kept("since", "Month", _DAYS_KEPT),
)


class _Days(NamedTuple):
    """A table of days, and what it is made of: the hours of `below`. `time` is its column of time."""

    table: Table
    time: str
    below: str
    of_days: Callable[[str, str, str], str]


_KINDS = (
    _Days(PROCESSES_1D, "day", "nodes", process_lifetimes.of_days),
    _Days(PLACES_1D, "since", "places", address_lifetimes.of_days),
)
_CHANGED = {"nodes": _KINDS[:1], "events": _KINDS[:1], "places": _KINDS[1:]}  # which days the rows of a table change


class Lifetimes:
    """The days of lifetimes in a store. `now` returns ms; `counters` counts days that cannot be made."""

    def __init__(self, store: Store, now: Callable[[], int], counters: Counter[str]) -> None:
        self._store = store
        self._now = now
        self._counters = counters
        self._due: dict[str, set[int]] = {kind.below: set() for kind in _KINDS}

    def mark(self, table: str, times: Iterable[int]) -> None:
        """Mark the times, ms, of rows of a table that have been stored."""
        if table not in _CHANGED:
            return
        starts = {at // DAY_MS * DAY_MS for at in times}
        if table == "events":  # a process may exit before it is reported again
            starts |= {at - DAY_MS for at in starts}
        for kind in _CHANGED[table]:
            self._due[kind.below] |= starts

    def resume(self) -> None:
        """Mark all days that are stored and may not be made: from the newest one that is."""
        for kind in _KINDS:
            rows = self._store.query(
                f"SELECT DISTINCT toUnixTimestamp(toStartOfDay(hour)) FROM {kind.below} "
                f"WHERE hour >= (SELECT toStartOfDay(max({kind.time})) FROM {kind.table.name})"
            )
            self._due[kind.below] |= {seconds * 1000 for (seconds,) in rows}

    def make(self) -> None:
        """Make the days that are due; StoreError when the store fails. One that cannot be made is counted."""
        for kind in _KINDS:
            due = self._due[kind.below]
            for day in sorted(at for at in due if at + DAY_MS + GRACE_MS <= self._now()):
                try:
                    self._make(kind, day)
                except StoreError as error:
                    if not error.of_rows:
                        raise
                    self._counters["skipped"] += 1
                    log.warning("%s of %d ms cannot be made and is left out: %s", kind.table.name, day, error)
                due.discard(day)

    def _make(self, kind: _Days, day: int) -> None:
        since, until = (f"fromUnixTimestamp64Milli({at}, 'UTC')" for at in (day, day + DAY_MS))
        ((rows,),) = self._store.query(f"SELECT count() FROM {kind.below} WHERE hour >= {since} AND hour < {until}")
        parts = -(-rows // _ROWS)
        for number in range(parts):
            some = f"cityHash64(host) % {parts} = {number}"
            names = ", ".join(column.name for column in kind.table.columns)
            self._store.query(f"INSERT INTO {kind.table.name} ({names}) {kind.of_days(since, until, some)}")

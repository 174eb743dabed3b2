"""The part of a time range that agents recorded. Rates divide by this time, and not by the length of the range."""

import time
from collections.abc import Collection, Iterable, Mapping

from graph.asking import Store
from graph.recording import RecordedRow, recorded, recorded_hours
from graph.stored import Dropped, DroppedRow, FirstRow, dropped, oldest_window
from schemas.times import HOUR_MS, MINUTE_MS

CELLS = 1_000  # the most cells of a range, roughly
KEPT_MS = 14 * 24 * HOUR_MS  # heartbeats are read so far back; they are deleted a day later
_GRAINS_MS = (1_000, 60_000, 300_000, HOUR_MS, 24 * HOUR_MS)  # widths of cells; a cell holds at least one window

Cells = Mapping[int, int]  # the start of each cell, ms -> how much of it was recorded, ms


class Recorded:
    """The part of a time range that each host recorded. `most` is the length of the range, ms."""

    def __init__(self, rows: Iterable[RecordedRow], most: int) -> None:
        self._hosts: dict[str, Cells] = {}
        for row in rows:
            cells = dict(row.cells)
            for host in row.hosts:
                self._hosts[host] = {**self._hosts[host], **cells} if host in self._hosts else cells
        self._most = most
        self._known: dict[frozenset[str], Cells] = {}

    @property
    def hosts(self) -> Collection[str]:
        """Return the hosts that recorded any of the range."""
        return self._hosts.keys()

    def cells(self, hosts: Iterable[str] = ()) -> Cells:
        """Return what at least one of these hosts recorded. If none of them is known, take all hosts."""
        key = frozenset(self._hosts.keys() & set(hosts) or self._hosts)
        if key not in self._known:
            distinct = {id(self._hosts[host]): self._hosts[host] for host in key}
            united: dict[int, int] = {}
            for cells in distinct.values():
                united |= {at: max(ms, united.get(at, 0)) for at, ms in cells.items()}
            self._known[key] = united
        return self._known[key]

    def knows(self, host: str) -> bool:
        """Return whether a host recorded any of the range."""
        return host in self._hosts

    def seconds(self, hosts: Iterable[str] = ()) -> float:
        """Return for how long at least one of these hosts recorded; without any record, the length of the range."""
        return (sum(self.cells(hosts).values()) or self._most) / 1000


def read_recorded(
    store: Store, start: int, end: int, grain: int = 0, now: int | None = None, level: str = ""
) -> Recorded:
    """Read what was recorded in [start, end), ms, in cells of `grain` ms or of a width that suits the range.

    Between addresses, nothing is left of a time whose windows were dropped.
    """
    if level == "address":
        start = max(start, min(windows_since(store), end))
    grain = grain or next((each for each in _GRAINS_MS if (end - start) / each <= CELLS), _GRAINS_MS[-1])
    kept = ((now if now is not None else int(time.time() * 1000)) - KEPT_MS) // HOUR_MS * HOUR_MS
    rows: list[RecordedRow] = []
    if start < kept:
        old = {"from": start, "to": min(end, kept), "grain": max(grain, HOUR_MS)}
        rows += store.rows(RecordedRow, recorded_hours(), old)
    if end > kept:
        rows += store.rows(RecordedRow, recorded(), {"from": max(start, kept), "to": end, "grain": grain})
    if rows:
        return Recorded(rows, end - start)
    return Recorded([], max(1, end - max(start, first_window(store))))  # no host has reported; edges are all there is


def read_hours(store: Store, start: int, end: int, grain: int) -> Recorded:
    """Read what was recorded in [start, end), ms, in cells of whole hours: fast, and less exact."""
    rows = store.rows(RecordedRow, recorded_hours(), {"from": start, "to": end, "grain": grain})
    return Recorded(rows, max(1, end - start))


def read_dropped(store: Store) -> dict[str, DroppedRow]:
    """Read what was dropped to make room on the disk, by its kind."""
    return {row.what: row for row in store.rows(DroppedRow, dropped())}


def windows_since(store: Store) -> int:
    """Return up to when windows were dropped to make room on the disk, ms since the epoch; 0 if none were."""
    flows = read_dropped(store).get(Dropped.FLOWS)
    return flows.until if flows else 0


def whole_minutes(since: int, start: int, end: int) -> tuple[int, int]:
    """Return a range, ms, extended to whole minutes where windows were dropped (`since`) and only minutes are left."""
    return (
        start // MINUTE_MS * MINUTE_MS if start < since else start,
        -(-end // MINUTE_MS) * MINUTE_MS if end < since else end,
    )


def first_window(store: Store) -> int:
    """Return the start of the oldest window, ms since the epoch; 0 without any."""
    return store.row(FirstRow, oldest_window()).first

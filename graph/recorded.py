"""How much of a stretch of time agents recorded. A rate is a sum by that, and not by what was asked for."""

import time
from collections.abc import Iterable, Mapping

from dashboards.queries import query
from sinks.store import Store

CELLS = 1_000  # of a stretch, at most about so many
KEPT_MS = 14 * 86_400_000  # of heartbeats; they are deleted a day later
_HOUR_MS = 3_600_000
_GRAINS_MS = (1_000, 60_000, 300_000, _HOUR_MS, 24 * _HOUR_MS)  # of a cell; one holds a whole window at least

Cells = Mapping[int, int]  # when each begins, ms -> how much of it was recorded, ms
Rows = Iterable[tuple[list[str], list[tuple[int, int]]]]


class Recorded:
    """What was recorded of a stretch of time by each host, and the `most` that may have been, ms."""

    def __init__(self, rows: Rows, most: int) -> None:
        self._hosts: dict[str, Cells] = {}
        for hosts, cells in rows:
            alike = dict(cells)
            for host in hosts:
                self._hosts[host] = {**self._hosts[host], **alike} if host in self._hosts else alike
        self._most = most
        self._known: dict[frozenset[str], Cells] = {}

    def cells(self, hosts: Iterable[str] = ()) -> Cells:
        """Return what any of some hosts recorded; of all, where none of them is known."""
        asked = self._hosts.keys() & set(hosts)
        key = frozenset(asked or self._hosts)
        if key not in self._known:
            alike = {id(self._hosts[host]): self._hosts[host] for host in key}
            united: dict[int, int] = {}
            for cells in alike.values():
                united |= {at: max(ms, united.get(at, 0)) for at, ms in cells.items()}
            self._known[key] = united
        return self._known[key]

    def seconds(self, hosts: Iterable[str] = ()) -> float:
        """Return for how long any of some hosts recorded; where nothing says so, all that there may be."""
        return (sum(self.cells(hosts).values()) or self._most) / 1000


def read_recorded(store: Store, start: int, end: int, grain: int = 0, now: int | None = None) -> Recorded:
    """Read what was recorded in [start, end), ms, in cells of a `grain`, or of what suits the stretch."""
    grain = grain or next((each for each in _GRAINS_MS if (end - start) / each <= CELLS), _GRAINS_MS[-1])
    kept = ((now if now is not None else int(time.time() * 1000)) - KEPT_MS) // _HOUR_MS * _HOUR_MS
    rows: list[tuple[list[str], list[tuple[int, int]]]] = []
    if start < kept:
        old = {"from": start, "to": min(end, kept), "grain": max(grain, _HOUR_MS)}
        rows += store.query(query("recorded_hours"), old)
    if end > kept:
        rows += store.query(query("recorded"), {"from": max(start, kept), "to": end, "grain": grain})
    if rows:
        return Recorded(rows, end - start)
    ((first,),) = store.query(query("view_first"))  # hosts have told of nothing yet: what there is of edges is all
    return Recorded([], max(1, end - max(start, first)))

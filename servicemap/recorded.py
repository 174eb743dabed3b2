"""How much of a stretch of time agents recorded. A rate is a sum by that, and not by what was asked for."""

from collections.abc import Iterable, Mapping

from dashboards.queries import query
from sinks.store import Store

CELLS = 1_000  # of a stretch, at most about so many
_WIDTHS_MS = (60_000, 300_000, 3_600_000, 86_400_000)  # of a cell, where windows are too many

Cells = Mapping[int, int]  # when each begins, ms -> how much of it was recorded, ms


class Recorded:
    """What was recorded of a stretch of time, and the `most` that may have been, ms."""

    def __init__(self, rows: Iterable[tuple[list[str], list[tuple[int, int]]]], most: int) -> None:
        self._hosts: dict[str, Cells] = {}
        for hosts, cells in rows:
            alike = dict(cells)
            self._hosts |= dict.fromkeys(hosts, alike)
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


def read_recorded(store: Store, start: int, end: int, grain: int = 0) -> Recorded:
    """Read what was recorded in [start, end), ms, in cells of a `grain`, or of what suits the stretch."""
    grain = grain or next((width for width in (1_000, *_WIDTHS_MS) if (end - start) / width <= CELLS), _WIDTHS_MS[-1])
    rows = store.query(query("recorded"), {"from": start, "to": end, "grain": grain})
    ((first,),) = store.query(query("view_first"))
    return Recorded(rows, max(1, end - max(start, first)))

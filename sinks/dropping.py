"""Drop the oldest rows of a store before their time, to make room, and note in `dropped` what is gone.

Whole partitions are dropped, which is quick. The note comes first: after a crash between the two, the partition is the
oldest again. Nothing comes back: the sink leaves older rows out (sinks/sink.py), because a minute with one late row and
no others would be rolled up from that row alone.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from graph.recorded import read_dropped
from graph.stored import Dropped, DroppedRow
from sinks.levels import MINUTES, REQUEST_MINUTES
from sinks.store import Store, StoreError
from sinks.table import Table
from sinks.tables import DROPPED, EDGES, PROCESS_USAGE, REQUESTS

TABLES_OF: dict[Dropped, Sequence[Table]] = {
    Dropped.FLOWS: (EDGES, REQUESTS, PROCESS_USAGE),
    Dropped.MINUTES: (MINUTES.table, REQUEST_MINUTES.table),
}
_UNKNOWN_TABLE = 60
_PART_MS = {"Hour": 3_600_000, "Day": 86_400_000}


class Gone(NamedTuple):
    """What was dropped: up to when, ms, how many rows or records, and their bytes."""

    what: Dropped
    until: int
    rows: int
    size: int


class Stretches:
    """Rows of some tables by their partitions, of which the oldest are dropped. `now` returns ms."""

    def __init__(self, store: Store, what: Dropped, now: Callable[[], int]) -> None:
        self.what = what
        self._store = store
        self._now = now
        self._tables = TABLES_OF[what]
        kept = self._tables[0].kept
        assert kept is not None
        self._width = _PART_MS[kept.part]

    def oldest(self) -> int | None:
        """Return when the oldest partition ends, ms; None without any."""
        named = ", ".join(f"'{table.name}'" for table in self._tables)
        ((first,),) = self._store.query(_parts("min(toUInt64(partition_id))", f"table IN ({named})"))
        return first * 1000 + self._width if first else None

    def drop(self, until: int) -> Gone:
        """Drop the partition of all tables that ends at a time."""
        partition = str((until - self._width) // 1000)
        named = ", ".join(f"'{table.name}'" for table in self._tables)
        ((rows, size),) = self._store.query(
            _parts("sum(rows), sum(bytes_on_disk)", f"table IN ({named}) AND partition_id = '{partition}'")
        )
        gone = Gone(self.what, until, rows, size)
        note(self._store, gone, self._now())
        for table in self._tables:
            self._store.query(f"ALTER TABLE {table.name} DROP PARTITION ID '{partition}'")
        return gone


def note(store: Store, gone: Gone, now: int) -> None:
    """Note what is dropped."""
    columns = {"what": gone.what, "until": gone.until, "rows": gone.rows, "bytes": gone.size, "at": now}
    store.insert(DROPPED.name, {name: [value] for name, value in columns.items()})


def noted(store: Store) -> dict[str, DroppedRow]:
    """Read what was dropped, by its kind; nothing from a store that no sink of this version has reconciled yet."""
    try:
        return read_dropped(store)
    except StoreError as error:
        if error.code != _UNKNOWN_TABLE:
            raise
        return {}


def used(store: Store) -> int:
    """Return the bytes that all tables of a store take."""
    ((size,),) = store.query(_parts("sum(bytes_on_disk)"))
    return int(size)


def _parts(columns: str, where: str = "1") -> str:
    """Return columns of the parts of the tables."""
    return f"SELECT {columns} FROM system.parts WHERE active AND database = currentDatabase() AND {where}"

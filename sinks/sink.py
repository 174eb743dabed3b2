"""From the log into the store: batches become columns, columns blocks, and only then do offsets move.

Rows are the same whenever they come and merge in their tables, so what is read again after a crash changes nothing.
What cannot be stored is buried, and costs itself alone: a row of a record, a record of a flush.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from log.protocol import Record
from schemas import topics
from schemas.codec import BadRecord, decode
from sinks.fitting import MOST_HOURS, Values, hours, misfits, too_many_hours, without
from sinks.names import HostNames
from sinks.store import Store, StoreError, joined
from sinks.table import Table
from sinks.tables import TABLES

log = logging.getLogger(__name__)

MAX_ROWS = 50_000
MAX_HOURS = 90  # of one insert: ClickHouse takes no more than 100 partitions
_RAW = {topic.name for topic in topics.RAW}


class Sink:
    """Buffers records by table. `bury` takes a record that cannot be stored, with the reason.

    `stored` is called with a table's name and the times, ms, of rows that it has now. `names` names the hosts.
    `since` returns from when on, ms, a table takes rows: older ones were dropped, to make room.
    """

    def __init__(
        self,
        store: Store,
        bury: Callable[[Record, str], None],
        given_up: Callable[[], bool] = lambda: False,
        tables: Sequence[Table] = TABLES,
        stored: Callable[[str, Iterable[int]], None] = lambda table, times: None,
        names: HostNames | None = None,
        since: Callable[[str], int] = lambda table: 0,
    ) -> None:
        self.counters: Counter[str] = Counter()
        self._store = store
        self._bury = bury
        self._given_up = given_up
        self._stored = stored
        self._names = names or HostNames()
        self._since = since
        self._tables: dict[str, Table] = {table.topic: table for table in tables}
        self._held: dict[str, list[tuple[Record, Values]]] = {}
        self.rows = 0

    def add(self, record: Record) -> None:
        """Take a record; its rows are stored by the next flush."""
        table = self._tables[record.topic]
        if record.value is None and topics.BY_NAME[record.topic].compacted:
            self.counters["tombstones"] += 1  # compaction's own; the store keeps what it has
            return
        try:
            left_out: list[str] = []  # rows that the folds have reported already
            decoded = decode(record.topic, record.value, record.timestamp, left_out)
            batch = self._names.named(record, decoded)
            for earlier in self._names.decided(decoded):
                self.add(earlier)
            if batch is None:
                self.counters["set_aside"] += 1
                return
            columns = table.fill(batch)
            columns = self._fitting(record, table, columns)
        except BadRecord as error:
            self._refuse(record, str(error), bury=record.topic not in _RAW)  # the folds bury what is wrong with those
            return
        except Exception as error:  # a bug of ours must not stop the sink; the record is kept for the mending
            if not getattr(error, "records_fault", True):
                raise
            log.exception("record cannot be stored: %s/%d@%d", record.topic, record.partition, record.offset)
            self._refuse(record, f"{type(error).__name__}: {error}")
            return
        rows = len(columns[table.time])
        if rows:
            self._held.setdefault(record.topic, []).append((record, columns))
            self.rows += rows

    def flush(self, *, patient: bool = True) -> None:
        """Store what is held, trying until it stands; StoreError when the store will never take it.

        Offsets may move only when `patient` tables had their turn as well.
        """
        for topic in [topic for topic in self._held if patient or not self._tables[topic].patient]:
            table = self._tables[topic]
            held = self._held[topic]
            rows = sum(len(columns[table.time]) for _, columns in held)
            for group in inserts(held, table.time):
                self._insert(table, group)
            del self._held[topic]
            self.counters["rows"] += rows
            self.rows -= rows

    def hurries(self) -> bool:
        """Return whether rows are held that people wait for."""
        return any(not self._tables[topic].patient for topic in self._held)

    def _fitting(self, record: Record, table: Table, columns: Values) -> Values:
        """Return the rows that the table can hold; bury the record for the sake of the others."""
        columns = self._recent(table, columns)
        count = len(columns[table.time])
        wrong = misfits(table.kinds, columns, record.timestamp)
        if wrong:
            columns = without(columns, wrong)
            row, reason = next(iter(wrong.items()))
            self._refuse(record, f"row {row}: {reason} ({len(wrong)} of {count} rows are not stored)")
        if too_many_hours(columns[table.time]):
            self._refuse(record, f"it has rows of {len(hours(columns[table.time]))} hours: no more than {MOST_HOURS}")
            return without(columns, range(count))
        return columns

    def _recent(self, table: Table, columns: Values) -> Values:
        """Return the rows that are not older than what was dropped from the table."""
        since = self._since(table.name)
        if not since or min(columns[table.time], default=since) >= since:
            return columns
        old = {row for row, at in enumerate(columns[table.time]) if at < since}
        self.counters["too_old"] += len(old)
        return without(columns, old)

    def _insert(self, table: Table, held: list[tuple[Record, Values]]) -> None:
        """Insert records; one that the store refuses is found by halves and buried."""
        try:
            self._store.persist(
                lambda: self._store.insert(table.name, joined([columns for _, columns in held])), self._given_up
            )
        except StoreError as error:
            if not error.of_rows:
                raise
            if len(held) == 1:
                self._refuse(held[0][0], str(error))
                return
            for half in (held[: len(held) // 2], held[len(held) // 2 :]):
                self._insert(table, half)
            return
        for _, columns in held:
            self._stored(table.name, columns[table.time])

    def _refuse(self, record: Record, reason: str, *, bury: bool = True) -> None:
        """Count a record that cannot be stored as it is, and bury it."""
        self.counters["refused"] += 1
        if bury:
            self._bury(record, reason)


def inserts(held: Sequence[tuple[Record, Values]], time: str) -> Iterator[list[tuple[Record, Values]]]:
    """Split records so that no insert has more hours than the store takes at once."""
    group: list[tuple[Record, Values]] = []
    seen: set[int] = set()
    for record, columns in held:
        new = hours(columns[time])
        if group and len(seen | new) > MAX_HOURS:
            yield group
            group, seen = [], set()
        group.append((record, columns))
        seen |= new
    if group:
        yield group

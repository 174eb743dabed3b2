"""From the log into the store: batches become columns, columns blocks, and only then do offsets move.

Rows are the same whenever they come and merge in their tables, so what is read again after a crash changes nothing.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from schemas import topics
from schemas.codec import BadRecord, decode
from schemas.logged import Logged
from sinks.store import Store, StoreError, joined
from sinks.tables import TABLES, Columns, Table

log = logging.getLogger(__name__)

TOPICS = tuple(topic.name for topic in topics.STORED)
MAX_ROWS = 50_000
_RAW = {topic.name for topic in topics.RAW}


class Sink:
    """Buffers records by table. `bury` takes a record that cannot be stored, with the reason.

    `stored` hears the name of a table and the times, ms, of rows that it has now.
    """

    def __init__(
        self,
        store: Store,
        bury: Callable[[Logged, str], None],
        given_up: Callable[[], bool] = lambda: False,
        tables: Sequence[Table] = TABLES,
        stored: Callable[[str, Iterable[int]], None] = lambda table, times: None,
    ) -> None:
        self.counters: Counter[str] = Counter()
        self._store = store
        self._bury = bury
        self._given_up = given_up
        self._stored = stored
        self._tables: dict[str, Table] = {table.topic: table for table in tables}
        self._held: dict[str, list[tuple[Logged, Columns]]] = {}
        self.rows = 0

    def add(self, record: Logged) -> None:
        """Take a record; its rows are stored by the next flush."""
        table = self._tables[record.topic]
        try:
            columns = table.fill(decode(record.topic, record.value, record.timestamp))
        except (BadRecord, ValueError) as error:
            self._refuse(record, str(error))
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
            self._insert(table.name, held)
            for _, columns in held:
                self._stored(table.name, columns[table.time])
            del self._held[topic]
            self.counters["rows"] += rows
            self.rows -= rows

    def hurries(self) -> bool:
        """Whether rows are held that people wait for."""
        return any(not self._tables[topic].patient for topic in self._held)

    def _insert(self, table: str, held: list[tuple[Logged, Columns]]) -> None:
        """Insert records; one that the store refuses is found by halves and buried."""
        try:
            self._store.persist(
                lambda: self._store.insert(table, joined([columns for _, columns in held])), self._given_up
            )
        except StoreError as error:
            if error.code == 0 or error.code in _NOT_THE_ROWS:
                raise
            if len(held) == 1:
                self._refuse(held[0][0], str(error))
                return
            for half in (held[: len(held) // 2], held[len(held) // 2 :]):
                self._insert(table, half)

    def _refuse(self, record: Logged, reason: str) -> None:
        """Bury a record; the folds have already buried what is wrong with a raw one."""
        self.counters["refused"] += 1
        if record.topic not in _RAW:
            self._bury(record, reason)


# No such table, no such column, no rights, read only: the store is not what this code needs.
_NOT_THE_ROWS = {16, 60, 81, 164, 497}

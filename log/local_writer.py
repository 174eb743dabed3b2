"""Writes the local log: a bounded buffer, and one thread that writes it in transactions."""

import sqlite3
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from log.damage import Sound
from log.dictionaries import AT_ONCE, LEAST_ID, Dictionaries, Dictionary, Used, store
from log.protocol import LogDamaged, LogError, LogUnavailable, LogUnusable
from log.retention import supersede, trim
from log.rows import pack, stored_bytes
from log.sqlite_errors import as_log_errors
from log.sqlite_file import modernize, row_id, transaction, wal_path

LINGER_SECONDS = 0.05
BATCH_BYTES = 1 << 20  # of values; a fuller buffer is written without lingering
BUFFER_BYTES = 32 << 20
RETRY_SECONDS = 1.0
TRIM_SECONDS = 1.0
WAL_BYTES = 64 << 20  # readers that never pause can keep SQLite from starting its WAL again

_OVERHEAD = 200  # bytes of memory a buffered record takes besides its key and value


class Pending(NamedTuple):
    """A record on its way to a partition."""

    partition_id: int
    compacted: bool
    timestamp: int
    key: bytes
    headers: bytes | None
    value: bytes | None

    @property
    def memory_bytes(self) -> int:
        """Return the memory it takes in the buffer."""
        return len(self.key) + len(self.value or b"") + len(self.headers or b"") + _OVERHEAD


class _Packed(NamedTuple):
    """A record as it is to be stored."""

    record: Pending
    flag: int
    value: bytes | None
    dictionary: Dictionary | None


class Writer:
    """The thread that writes; only it uses `connection`, and one condition guards everything else.

    `written` is notified after each transaction, so that readers in this process see new records at once.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        path: Path,
        now_ms: Callable[[], int],
        written: threading.Condition,
        patience: float,
        sound: Sound,
    ) -> None:
        self._connection = connection
        self._path = path
        self._now_ms = now_ms
        self._patience = patience
        self._sound = sound
        self._published = written
        self._state = threading.Condition()
        self._pending: deque[Pending] = deque()
        self._bytes = 0
        self._appended = self._written = self._durable = self._wanted = 0  # counts of records
        self._trouble: LogError | None = None  # why the last transaction failed
        self._dead: LogError | None = None  # what the thread died of
        self._closing = False
        self._trim_at = 0.0
        self._dictionaries = Dictionaries()
        self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
        self._thread.start()

    def put(self, record: Pending) -> None:
        """Buffer a record; wait for room for `patience` seconds, then raise LogUnavailable."""
        with self._state:
            room = self._state.wait_for(
                lambda: self._bytes < BUFFER_BYTES or self._closing or self._dead, self._patience
            )
            if self._dead:
                raise self._dead
            if self._closing:
                raise LogUnavailable(f"the log {self._path} is closed; open it again")
            if not room:
                raise self._why()
            self._pending.append(record)
            self._bytes += record.memory_bytes
            self._appended += 1
            if self._appended - self._written == 1 or self._bytes >= BATCH_BYTES:
                self._state.notify_all()

    def flush(self, timeout: float) -> None:
        """Return when everything put so far is synced to the disk."""
        with self._state:
            target = self._appended
            self._wanted = max(self._wanted, target)
            self._state.notify_all()
            self._state.wait_for(lambda: self._durable >= target or self._dead, timeout)
            if self._durable < target:
                raise self._dead or self._why()

    def close(self, timeout: float) -> None:
        """Flush, and end the thread; it closes its connection."""
        try:
            self.flush(timeout)
        finally:
            with self._state:
                self._closing = True
                self._state.notify_all()
            self._thread.join()

    def _why(self) -> LogError:
        return self._trouble or LogUnavailable(
            f"the log {self._path} is too slow for the records that are written to it; check its disk"
        )

    def _run(self) -> None:
        """Write until closed. An error that is not the disk's ends the thread, and with it the process."""
        try:
            self._work()
        except BaseException as error:
            with self._state:
                self._dead = error if isinstance(error, LogError) else LogUnusable(f"the log's writer died: {error!r}")
                self._state.notify_all()
            raise
        finally:
            self._connection.close()

    def _work(self) -> None:
        modern = False
        while (batch := self._take()) is not None:
            durable = self._wanted > self._durable
            try:
                with as_log_errors(self._path):
                    if not modern:
                        modernize(self._connection)
                        modern = True
                    self._write(batch, durable)
            except LogDamaged:
                raise
            except LogError as trouble:
                self._put_back(batch, trouble)
                continue
            self._done(batch, durable)
            with suppress(LogUnavailable), as_log_errors(self._path):  # the next round tries again
                self._tidy()

    def _take(self) -> list[Pending] | None:
        """Return the records of the next transaction (empty for a sync alone); None at the end."""
        with self._state:
            self._state.wait_for(lambda: self._pending or self._wanted > self._durable or self._closing)
            if self._closing:
                return None
            self._state.wait_for(
                lambda: self._wanted > self._durable or self._closing or self._bytes >= BATCH_BYTES,
                LINGER_SECONDS,
            )
            batch: list[Pending] = []
            size = 0
            while self._pending and size < BATCH_BYTES:
                batch.append(self._pending.popleft())
                size += batch[-1].memory_bytes
            return batch

    def _done(self, batch: Sequence[Pending], durable: bool) -> None:
        with self._state:
            self._trouble = None
            self._written += len(batch)
            self._bytes -= sum(record.memory_bytes for record in batch)
            if durable:
                self._durable = self._written
            self._state.notify_all()
        with self._published:
            self._published.notify_all()

    def _put_back(self, batch: Sequence[Pending], trouble: LogError) -> None:
        with self._state:
            self._trouble = trouble
            self._pending.extendleft(reversed(batch))
            self._state.notify_all()
            self._state.wait_for(lambda: self._closing, RETRY_SECONDS)

    def _write(self, batch: Sequence[Pending], durable: bool) -> None:
        now_ms = self._now_ms()
        alike = len(batch) <= AT_ONCE
        packed = [self._pack(record, now_ms, alike) for record in batch]  # before the lock: it takes most of the time
        self._connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
        with transaction(self._connection):
            by_partition = defaultdict(list)
            for one in packed:
                by_partition[one.record.partition_id].append(one)
            for partition_id, records in by_partition.items():
                self._insert(partition_id, records, now_ms)
            if durable and not batch:  # only a commit syncs, and only a change makes a commit
                self._connection.execute("UPDATE synced SET times = times + 1")
        for one in packed:
            if one.dictionary:
                one.dictionary.stored = True

    def _pack(self, record: Pending, now_ms: int, alike: bool) -> "_Packed":
        """Compress a record, by its dictionary where `alike`. Compacted topics have none."""
        of = record.partition_id, record.key
        dictionary = None
        if alike and record.value is not None and not record.compacted:
            dictionary = self._dictionaries.find(of, record.value, now_ms)
        flag, value = pack(record.value, dictionary)
        return _Packed(record, flag, value, dictionary if flag >= LEAST_ID else None)

    def _with_dictionaries(self, records: Sequence["_Packed"], offset: int, now_ms: int) -> Sequence["_Packed"]:
        """Store the dictionaries of records that begin at an offset; pack those anew whose dictionary was deleted."""
        last = {one.dictionary.id: (one, at) for at, one in enumerate(records, offset) if one.dictionary}
        used = [Used(one.dictionary, one.record.partition_id, at) for one, at in last.values() if one.dictionary]
        gone = store(self._connection, used, now_ms)
        if not gone:
            return records
        for one in records:
            if one.flag in gone:
                self._dictionaries.forget((one.record.partition_id, one.record.key))
        return [_Packed(one.record, *pack(one.record.value), None) if one.flag in gone else one for one in records]

    def _insert(self, partition_id: int, records: Sequence["_Packed"], now_ms: int) -> None:
        offset, peak = self._connection.execute(
            "SELECT next, peak FROM partitions WHERE id = ?", (partition_id,)
        ).fetchone()
        rows = []
        size = 0
        for offset, (record, flag, value, _) in enumerate(  # noqa: B020
            self._with_dictionaries(records, offset, now_ms), offset
        ):
            peak = max(peak, record.timestamp)
            place = row_id(partition_id, offset)
            rows.append((place, record.timestamp, peak, record.key, record.headers, flag, value))
            size += stored_bytes(record.key, record.headers, value)
        self._connection.executemany("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        if records[0].record.compacted:
            size -= supersede(self._connection, partition_id, [(row[0], row[3]) for row in rows])
        self._connection.execute(
            "UPDATE partitions SET next = ?, peak = ?, bytes = bytes + ? WHERE id = ?",
            (offset + 1, peak, size, partition_id),
        )

    def _tidy(self) -> None:
        """Do the retention that is due, for a short time while records wait."""
        if time.monotonic() >= self._trim_at:
            self._sound.check()
            until = time.monotonic() + LINGER_SECONDS
            while more := trim(self._connection, self._now_ms()):
                if self._closing or (self._pending and time.monotonic() > until):
                    break
            self._trim_at = 0 if more else time.monotonic() + TRIM_SECONDS
        wal = wal_path(self._path)
        if wal.exists() and wal.stat().st_size > WAL_BYTES:
            self._connection.execute("PRAGMA wal_checkpoint(RESTART)").close()

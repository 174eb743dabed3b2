"""The log of one machine: one SQLite file, used by several processes at once."""

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from log.damage import Sound, check
from log.lease import use
from log.local_reader import LocalReader
from log.local_topics import Topics
from log.local_writer import Pending, Writer
from log.partitioner import partition_of
from log.protocol import Bounds, Limits, Record, RecordTooLarge, TopicInfo
from log.rows import MAX_TIMESTAMP, fetch, pack_headers, unpack
from log.sqlite_errors import as_log_errors
from log.sqlite_file import connect, offset_of, open_file, real, row_id
from schemas.topics import Topic


def _wall_clock_ms() -> int:
    return time.time_ns() // 1_000_000


class LocalLog:
    """A Log in the file `path`, which is made if missing. Processes that append also do the retention.

    After `kill -9` everything written is still there, and after a loss of power everything flushed.
    """

    def __init__(
        self,
        path: Path,
        *,
        now_ms: Callable[[], int] = _wall_clock_ms,
        patience: float = 30.0,
    ) -> None:
        """Open the file. `patience`: seconds an append waits for room in the buffer."""
        self._path = real(path)
        self._now_ms = now_ms
        self._patience = patience
        check(self._path)
        self._connection = open_file(path)
        self._use = use(self._path)
        self._sound = Sound(self._path)
        self._lock = threading.Lock()  # of the connection, the topics and the writer's start
        self._topics = Topics(self._connection, self._path, self._lock)
        self._writer: Writer | None = None
        self._written = threading.Condition()

    def create(self, topics: Iterable[Topic]) -> None:
        """Make the topics; set the retention and the sizes of those that exist."""
        self._topics.create(topics)

    def append(
        self,
        topic: str,
        key: bytes,
        value: bytes | None,
        *,
        partition: int | None = None,
        timestamp: int | None = None,
        headers: Mapping[str, bytes] | None = None,
    ) -> None:
        """Buffer a record; see Log."""
        facts = self._topics.get(topic)
        if value is not None and len(value) > facts.max_bytes:
            raise RecordTooLarge(
                f"a record of {len(value)} bytes is too large for topic {topic}, which takes"
                f" {facts.max_bytes}; split it"
            )
        if timestamp is None:
            timestamp = self._now_ms()
        if not 0 <= timestamp < MAX_TIMESTAMP:
            raise ValueError(f"timestamp {timestamp} is not in ms since 1970")
        if partition is None:
            partition = partition_of(key, len(facts.partition_ids))
        id_ = self._topics.partition_id(topic, partition)
        record = Pending(id_, facts.compacted, timestamp, key, pack_headers(headers), value)
        (self._writer or self._start_writer()).put(record)

    def flush(self, timeout: float = 30) -> None:
        """Return when everything appended is on the disk; see Log."""
        if self._writer:
            self._writer.flush(timeout)

    def reader(self, topics: Sequence[str], group: str | None) -> LocalReader:
        """Read topics, alone in a group; see Log."""
        partitions = {
            id_: (topic, number) for topic in topics for number, id_ in enumerate(self._topics.get(topic).partition_ids)
        }
        with as_log_errors(self._path):
            connection = connect(self._path)
        try:
            return LocalReader(connection, self._path, partitions, group, self._written, self._sound)
        except BaseException:
            connection.close()
            raise

    def read(self, topic: str, partition: int, start: int, stop: int) -> Iterator[Record]:
        """Iterate the records of a range; see Log."""
        id_ = self._topics.partition_id(topic, partition)
        stop = min(stop, self.bounds(topic, partition).end)
        while start < stop:
            with self._lock, as_log_errors(self._path):
                rows = fetch(self._connection, id_, start, stop)
            if not rows:
                return
            for row in rows:
                yield unpack(topic, partition, row)
            self._sound.check()
            start = rows[-1].offset + 1

    def offset_at(self, topic: str, partition: int, timestamp: int) -> int:
        """Return the first offset at or after a time; see Log."""
        id_ = self._topics.partition_id(topic, partition)
        low, end = self.bounds(topic, partition)
        high = end
        with self._lock, as_log_errors(self._path):
            while low < high:
                middle = (low + high) // 2
                row = self._connection.execute(
                    "SELECT id, peak FROM records WHERE id >= ? AND id < ? ORDER BY id LIMIT 1",
                    (row_id(id_, middle), row_id(id_, high)),
                ).fetchone()
                if row and row[1] < timestamp:
                    low = offset_of(row[0]) + 1
                else:
                    high = middle
            # The record with the peak may be deleted; then those that follow may be older.
            found = self._connection.execute(
                "SELECT id FROM records WHERE id >= ? AND id < ? AND timestamp >= ? ORDER BY id LIMIT 1",
                (row_id(id_, low), row_id(id_, end), timestamp),
            ).fetchone()
        return offset_of(found[0]) if found else end

    def bounds(self, topic: str, partition: int) -> Bounds:
        """Return the earliest offset and the end; see Log."""
        id_ = self._topics.partition_id(topic, partition)
        return Bounds(*self._row("SELECT first, next FROM partitions WHERE id = ?", (id_,)))

    def committed(self, group: str, topic: str, partition: int) -> int | None:
        """Return the offset at which the group continues; see Log."""
        id_ = self._topics.partition_id(topic, partition)
        query = "SELECT max(next) FROM offsets JOIN groups ON group_id = groups.id WHERE name = ? AND partition = ?"
        offset: int | None = self._row(query, (group, id_))[0]
        return offset

    def topics(self) -> list[TopicInfo]:
        """Return names, partitions, records and stored bytes, by name."""
        return self._topics.infos()

    def limits(self, topic: str) -> Limits:
        """Return how long and how much of a topic is kept; see Log."""
        return self._topics.limits(topic)

    def close(self) -> None:
        """Flush and close; see Log. Readers are closed on their own."""
        try:
            if self._writer:
                self._writer.close(self._patience)
        finally:
            self._connection.close()
            if self._use >= 0:
                os.close(self._use)
            self._use = -1

    def _start_writer(self) -> Writer:
        with self._lock:
            if self._writer is None:
                with as_log_errors(self._path):
                    connection = connect(self._path)
                self._writer = Writer(connection, self._path, self._now_ms, self._written, self._patience, self._sound)
            return self._writer

    def _row(self, query: str, values: tuple[object, ...]) -> tuple[int, ...]:
        with self._lock, as_log_errors(self._path):
            row: tuple[int, ...] = self._connection.execute(query, values).fetchone()
            return row

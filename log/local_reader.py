"""Reads the local log: several partitions as one stream, as the only reader of a consumer group."""

import heapq
import os
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path

from log.damage import Sound
from log.lease import lease
from log.protocol import Bounds, Record, UnknownTopic
from log.rows import Row, fetch, unpack
from log.sqlite_errors import as_log_errors
from log.sqlite_file import transaction

# How often an idle reader asks SQLite whether another process has written: 0.1 % of a core. For records of this
# process `written` is notified.
LOOK_SECONDS = 0.2
POLL_BYTES = 16 << 20  # of unpacked values that one poll returns; a single larger value is returned too


class LocalReader:
    """Merges its partitions by timestamp as far as they are written, so that a replay is in order of time."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        path: Path,
        partitions: Mapping[int, tuple[str, int]],
        group: str | None,
        written: threading.Condition,
        sound: Sound,
    ) -> None:
        """Start where the group stopped. `partitions` has the topic and number of each partition id to read."""
        self._connection = connection
        self._path = path
        self._names = dict(partitions)
        self._ids = {name: id_ for id_, name in self._names.items()}
        self._written = written
        self._sound = sound
        self._buffers: dict[int, deque[Row]] = {id_: deque() for id_ in self._names}
        self._next = dict.fromkeys(self._names, 0)  # the offset to poll next
        self._committed: dict[int, int] = {}
        self._seen = -1  # SQLite's data_version when there was nothing left to poll
        self._lease: int | None = None
        self._group_id = 0
        if group is not None:
            try:
                self._join(group)
            except BaseException:
                self.close()
                raise

    def poll(self, timeout: float, limit: int) -> list[Record]:
        """Return up to `limit` records; see Reader."""
        deadline = time.monotonic() + timeout
        while True:
            self._sound.check()
            with as_log_errors(self._path):
                records = self._take(limit)
            left = deadline - time.monotonic()
            if records or left <= 0:
                return records
            with self._written:
                self._written.wait(min(LOOK_SECONDS, left))

    def commit(self) -> None:
        """Store the offsets to poll next for the group; see Reader."""
        moved = [
            (self._group_id, id_, offset) for id_, offset in self._next.items() if offset != self._committed.get(id_)
        ]
        if self._lease is None or not moved:
            return
        with as_log_errors(self._path), transaction(self._connection):
            self._connection.executemany("REPLACE INTO offsets VALUES (?, ?, ?)", moved)
        self._committed = dict(self._next)

    def seek(self, topic: str, partition: int, offset: int) -> None:
        """Continue at `offset`; see Reader."""
        try:
            id_ = self._ids[topic, partition]
        except KeyError:
            raise UnknownTopic(f"this reader does not read {topic}[{partition}]") from None
        self._buffers[id_].clear()
        self._next[id_] = offset
        self._seen = -1

    def lag(self) -> dict[tuple[str, int], int]:
        """Return the number of records not yet polled; see Reader."""
        with as_log_errors(self._path):
            return {
                self._names[id_]: max(0, bounds.end - max(bounds.first, self._next[id_]))
                for id_, bounds in self._bounds().items()
            }

    def close(self) -> None:
        """Give the group back; see Reader."""
        self._connection.close()
        if self._lease is not None:
            os.close(self._lease)
            self._lease = None

    def _bounds(self) -> dict[int, Bounds]:
        rows = self._connection.execute("SELECT id, first, next FROM partitions").fetchall()
        return {id_: Bounds(first, end) for id_, first, end in rows if id_ in self._names}

    def _take(self, limit: int) -> list[Record]:
        version = self._connection.execute("PRAGMA data_version").fetchone()[0]
        if version == self._seen:
            return []
        ends = {id_: bounds.end for id_, bounds in self._bounds().items()}
        heads = [(self._buffers[id_][0].timestamp, id_) for id_ in ends if self._fill(id_, ends[id_])]
        heapq.heapify(heads)
        records: list[Record] = []
        size = 0
        while heads and len(records) < limit and size < POLL_BYTES:
            id_ = heads[0][1]
            buffer = self._buffers[id_]
            records.append(unpack(*self._names[id_], buffer.popleft()))
            size += len(records[-1].value or b"")
            self._next[id_] = records[-1].offset + 1
            if self._fill(id_, ends[id_]):
                heapq.heapreplace(heads, (buffer[0].timestamp, id_))
            else:
                heapq.heappop(heads)
        if not heads:
            self._seen = version
        return records

    def _fill(self, id_: int, end: int) -> bool:
        """Return whether the partition has a row to poll, and put that into its buffer."""
        buffer = self._buffers[id_]
        if not buffer and self._next[id_] < end:
            buffer.extend(fetch(self._connection, id_, self._next[id_], end))
            if not buffer:  # retention deleted the rest
                self._next[id_] = end
        return bool(buffer)

    def _join(self, group: str) -> None:
        with as_log_errors(self._path), transaction(self._connection):
            self._connection.execute("INSERT OR IGNORE INTO groups (name) VALUES (?)", (group,))
            self._group_id = self._connection.execute("SELECT id FROM groups WHERE name = ?", (group,)).fetchone()[0]
        self._lease = lease(self._path, self._group_id, group)
        with as_log_errors(self._path):
            self._committed = dict(
                self._connection.execute(
                    "SELECT partition, next FROM offsets WHERE group_id = ?", (self._group_id,)
                ).fetchall()
            )
        self._next.update((id_, offset) for id_, offset in self._committed.items() if id_ in self._next)

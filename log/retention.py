"""Delete from the local log old records, records over the size limit, and superseded keys.

The rules are Kafka's, applied to single records. A partition loses records older than `retention_ms`, from its start up
to the first younger one. Then it loses its oldest records while it holds more than `retention_bytes` (as stored, that
is compressed). A compacted topic loses a record as soon as a later one has its key, and a tombstone after a day.

One rule is our own. If a topic has `read_ms`, records that every group has read are kept no longer than that.
These are most of the bytes of derived records, and can be made again from the raw ones.
"""

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from log.dictionaries import delete, unneeded
from log.rows import STORED_BYTES
from log.sqlite_file import offset_of, row_id, transaction

STEP = 256  # rows a transaction deletes at most: about 5 ms of other writers' time
TOMBSTONE_MS = 86_400_000  # Kafka's delete.retention.ms


class Deleted(NamedTuple):
    """The number of deleted records, and their stored bytes."""

    records: int = 0
    size: int = 0


class Due(NamedTuple):
    """The limits by which a partition loses records from its start: by time, by time once read, and by bytes."""

    before_ms: int
    read_before_ms: int
    read: int  # offset up to which every group has read
    over: int

    def holds(self, offset: int, timestamp: int) -> bool:
        """Return whether a record is due."""
        return self.over > 0 or timestamp < (self.read_before_ms if offset < self.read else self.before_ms)


def trim(connection: sqlite3.Connection, now_ms: int) -> bool:
    """Delete at most STEP records that are due; return whether there may be more."""
    partitions = connection.execute(
        "SELECT id, first, next, bytes, retention_ms, retention_bytes, compacted, ifnull(read_ms, 0),"
        " (SELECT ifnull(min(offsets.next), 0) FROM offsets WHERE partition = id)"
        " FROM partitions JOIN topics ON partitions.topic = name LEFT JOIN read_early ON read_early.topic = name"
        " WHERE next > first"
    ).fetchall()
    for id_, first, end, size, retention_ms, retention_bytes, compacted, read_ms, read in partitions:
        rows = (row_id(id_, first), row_id(id_, end))
        if compacted:
            deleted = _trim_tombstones(connection, id_, rows, now_ms - TOMBSTONE_MS)
        else:
            due = Due(now_ms - retention_ms, now_ms - (read_ms or retention_ms), read, size - retention_bytes)
            deleted = trim_start(connection, id_, rows, due).records
        if deleted:
            return True
    if unneeded(connection, now_ms):
        with transaction(connection):  # another process may need them meanwhile: look again under the lock
            delete(connection, unneeded(connection, now_ms))
    return False


def supersede(connection: sqlite3.Connection, partition_id: int, written: Sequence[tuple[int, bytes]]) -> int:
    """Delete the records that those just `written` (row id, key) to a compacted topic replace; return their bytes.

    Run this inside the transaction that wrote them.
    """
    freed = 0
    for id_, key in written:
        old = connection.execute(
            "SELECT record FROM latest WHERE partition = ? AND key = ?", (partition_id, key)
        ).fetchone()
        if old:
            freed += _delete(connection, [old[0]])
        connection.execute("REPLACE INTO latest VALUES (?, ?, ?)", (partition_id, key, id_))
    return freed


def trim_start(connection: sqlite3.Connection, id_: int, rows: tuple[int, int], due: Due) -> Deleted:
    """Delete at most STEP due records from the start of a partition, whose row ids are in a range."""
    if due.over <= 0 and not any(due.holds(offset_of(row), at) for row, at, _ in _oldest(connection, rows, 1)):
        return Deleted()
    with transaction(connection):  # another process may have trimmed meanwhile: look again under the lock
        over = connection.execute(
            "SELECT bytes - retention_bytes FROM partitions JOIN topics ON topic = name WHERE id = ?",
            (id_,),
        ).fetchone()[0]
        deleted = []
        for row, timestamp, size in _oldest(connection, rows, STEP):
            if not due._replace(over=over).holds(offset_of(row), timestamp):
                break
            over -= size
            deleted.append(row)
        freed = _delete(connection, deleted)
        if deleted:
            connection.execute(
                "UPDATE partitions SET first = max(first, ?), bytes = bytes - ? WHERE id = ?",
                (offset_of(deleted[-1]) + 1, freed, id_),
            )
    return Deleted(len(deleted), freed)


def _oldest(connection: sqlite3.Connection, rows: tuple[int, int], limit: int) -> list[tuple[int, int, int]]:
    """Return row ids, timestamps and stored bytes of the first records of a range."""
    return connection.execute(
        f"SELECT id, timestamp, {STORED_BYTES} FROM records WHERE id >= ? AND id < ? ORDER BY id LIMIT ?",
        (*rows, limit),
    ).fetchall()


def _trim_tombstones(connection: sqlite3.Connection, id_: int, rows: tuple[int, int], before_ms: int) -> int:
    due = connection.execute(
        "SELECT id, key FROM records WHERE id >= ? AND id < ? AND value IS NULL AND timestamp < ? LIMIT ?",
        (*rows, before_ms, STEP),
    ).fetchall()
    if not due:
        return 0
    with transaction(connection):
        connection.executemany(
            "DELETE FROM latest WHERE partition = ? AND key = ? AND record = ?",
            [(id_, key, row) for row, key in due],
        )
        freed = _delete(connection, [row for row, _ in due])
        connection.execute("UPDATE partitions SET bytes = bytes - ? WHERE id = ?", (freed, id_))
    return len(due)


def _delete(connection: sqlite3.Connection, ids: Sequence[int]) -> int:
    """Delete rows of `records`; return the stored bytes of those that were still there."""
    freed = 0
    for id_ in ids:
        found = connection.execute(f"SELECT {STORED_BYTES} FROM records WHERE id = ?", (id_,)).fetchone()
        freed += found[0] if found else 0
        connection.execute("DELETE FROM records WHERE id = ?", (id_,))
    return freed

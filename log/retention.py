"""What the local log deletes: old records, records over the size limit, superseded keys.

The rules are Kafka's, applied to single records. A partition loses records older than `retention_ms`, from its start up
to the first younger one. Then it loses its oldest records while it holds more than `retention_bytes` (as stored, that
is compressed). A compacted topic loses a record as soon as a later one has its key, and a tombstone after a day.
"""

import sqlite3
from collections.abc import Sequence

from log.rows import STORED_BYTES
from log.sqlite_file import offset_of, row_id, transaction

STEP = 256  # rows a transaction deletes at most: about 5 ms of other writers' time
TOMBSTONE_MS = 86_400_000  # Kafka's delete.retention.ms


def trim(connection: sqlite3.Connection, now_ms: int) -> bool:
    """Delete at most STEP records that are due; say whether there may be more."""
    partitions = connection.execute(
        "SELECT id, first, next, bytes, retention_ms, retention_bytes, compacted"
        " FROM partitions JOIN topics ON topic = name WHERE next > first"
    ).fetchall()
    for id_, first, end, size, retention_ms, retention_bytes, compacted in partitions:
        rows = (row_id(id_, first), row_id(id_, end))
        if compacted:
            deleted = _trim_tombstones(connection, id_, rows, now_ms - TOMBSTONE_MS)
        else:
            over = size - retention_bytes
            deleted = _trim_start(connection, id_, rows, now_ms - retention_ms, over)
        if deleted:
            return True
    return False


def supersede(connection: sqlite3.Connection, partition_id: int, written: Sequence[tuple[int, bytes]]) -> int:
    """Delete the records that those just `written` (row id, key) to a compacted topic replace; return their bytes.

    Runs inside the transaction that wrote them.
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


def _trim_start(connection: sqlite3.Connection, id_: int, rows: tuple[int, int], before_ms: int, over: int) -> int:
    oldest = connection.execute(
        f"SELECT id, timestamp, {STORED_BYTES} FROM records WHERE id >= ? AND id < ? ORDER BY id LIMIT ?",
        (*rows, 1 if over <= 0 else STEP),
    ).fetchall()
    if over <= 0 and (not oldest or oldest[0][1] >= before_ms):
        return 0
    with transaction(connection):  # another process may have trimmed meanwhile: look again under the lock
        oldest = connection.execute(
            f"SELECT id, timestamp, {STORED_BYTES} FROM records WHERE id >= ? AND id < ? ORDER BY id LIMIT ?",
            (*rows, STEP),
        ).fetchall()
        over = connection.execute(
            "SELECT bytes - retention_bytes FROM partitions JOIN topics ON topic = name WHERE id = ?",
            (id_,),
        ).fetchone()[0]
        due = []
        for row, timestamp, size in oldest:
            if timestamp >= before_ms and over <= 0:
                break
            over -= size
            due.append(row)
        if due:
            connection.execute(
                "UPDATE partitions SET first = max(first, ?), bytes = bytes - ? WHERE id = ?",
                (offset_of(due[-1]) + 1, _delete(connection, due), id_),
            )
    return len(due)


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

"""Delete the oldest records of a local log early, to make room. Records that a group has not read stay.

All topics are cut at the same time, because a window is complete only if all of its topics have it. The file keeps its
size. Free pages are used again for new records, and count as free here.
"""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from log.retention import Deleted, Due, trim_start
from log.sqlite_errors import as_log_errors
from log.sqlite_file import connect, real, row_id

Groups = Mapping[str, Collection[str]]  # topic -> the groups that have to read it


class _Partition(NamedTuple):
    """A partition and the range of offsets that all of its groups have read."""

    id: int
    first: int
    read: int

    @property
    def rows(self) -> tuple[int, int]:
        """Return the row ids of the records that are read."""
        return row_id(self.id, self.first), row_id(self.id, self.read)


class Shrinking:
    """A separate connection to the file of a log. `groups` are those known to read a topic, even if none has yet."""

    def __init__(self, path: Path, groups: Groups) -> None:
        self._path = real(path)
        self._groups = groups
        with as_log_errors(self._path):
            self._connection = connect(self._path)

    def used(self) -> int:
        """Return the bytes of all pages in use. The small write-ahead log does not count."""
        with as_log_errors(self._path):
            pages, free, size = (
                self._connection.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("page_count", "freelist_count", "page_size")
            )
        return int((pages - free) * size)

    def oldest(self) -> int | None:
        """Return the time of the oldest record that may be deleted, ms; None if there is none."""
        found: list[int] = []
        with as_log_errors(self._path):
            for partition in self._partitions():
                row = self._connection.execute(
                    "SELECT timestamp FROM records WHERE id >= ? AND id < ? ORDER BY id LIMIT 1", partition.rows
                ).fetchone()
                found += row or ()
        return min(found, default=None)

    def delete(self, before_ms: int) -> Deleted:
        """Delete the records of before a time, in steps that delay other writers by milliseconds."""
        records = size = 0
        with as_log_errors(self._path):
            for partition in self._partitions():
                due = Due(0, before_ms, partition.read, over=0)
                while (deleted := trim_start(self._connection, partition.id, partition.rows, due)).records:
                    records += deleted.records
                    size += deleted.size
        return Deleted(records, size)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _partitions(self) -> Iterator[_Partition]:
        """Yield the partitions that are not compacted and have records that are read."""
        committed: dict[int, dict[str, int]] = {}
        for id_, group, offset in self._connection.execute(
            "SELECT partition, name, next FROM offsets JOIN groups ON group_id = id"
        ).fetchall():
            committed.setdefault(id_, {})[group] = offset
        for id_, topic, first, end in self._connection.execute(
            "SELECT id, topic, first, next FROM partitions JOIN topics ON topic = name WHERE NOT compacted"
        ).fetchall():
            offsets = dict.fromkeys(self._groups.get(topic, ()), 0) | committed.get(id_, {})
            read = min([end, *offsets.values()])
            if read > first:
                yield _Partition(id_, first, read)

"""The topics of the local log: how they are made, and which partitions they have."""

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from log.protocol import Limits, LogUnusable, TopicInfo, UnknownTopic
from log.sqlite_errors import as_log_errors
from log.sqlite_file import READ_EARLY, transaction
from schemas.topics import Topic


class Known(NamedTuple):
    """A topic as an append needs it."""

    partition_ids: tuple[int, ...]
    compacted: bool
    max_bytes: int


class Topics:
    """The topics in the file. `lock` is held while the connection is used."""

    def __init__(self, connection: sqlite3.Connection, path: Path, lock: Lock) -> None:
        self._connection = connection
        self._path = path
        self._lock = lock
        self._known: dict[str, Known] = {}

    def create(self, topics: Iterable[Topic]) -> None:
        """Make the topics; set the retention and the sizes of those that exist."""
        with self._lock, as_log_errors(self._path), transaction(self._connection):
            self._connection.execute(READ_EARLY)
            for topic in topics:
                self._create(topic)

    def get(self, name: str) -> Known:
        """Return a topic; UnknownTopic if there is none of the name."""
        if known := self._known.get(name):
            return known
        with self._lock, as_log_errors(self._path):
            facts = self._connection.execute(
                "SELECT compacted, max_bytes FROM topics WHERE name = ?", (name,)
            ).fetchone()
            ids = self._connection.execute(
                "SELECT id FROM partitions WHERE topic = ? ORDER BY number", (name,)
            ).fetchall()
            if facts is None:
                raise UnknownTopic(f"there is no topic {name} in {self._path}; create it first")
            compacted, max_bytes = facts
            self._known[name] = Known(tuple(id_ for (id_,) in ids), bool(compacted), max_bytes)
            return self._known[name]

    def partition_id(self, topic: str, partition: int) -> int:
        """Return the id of a partition; UnknownTopic if there is none."""
        ids = self.get(topic).partition_ids
        if not 0 <= partition < len(ids):
            raise UnknownTopic(f"topic {topic} has partitions 0 to {len(ids) - 1}, not {partition}")
        return ids[partition]

    def infos(self) -> list[TopicInfo]:
        """Return names, partitions, records and stored bytes, by name."""
        with self._lock, as_log_errors(self._path):
            rows = self._connection.execute(
                "SELECT topic, count(*), sum(next - first), sum(bytes), min(compacted)"
                " FROM partitions JOIN topics ON topic = name GROUP BY topic ORDER BY topic"
            ).fetchall()
            kept = dict(
                self._connection.execute(
                    "SELECT topic, count(*) FROM latest JOIN partitions ON partition = id GROUP BY topic"
                ).fetchall()
            )
        return [
            TopicInfo(name, partitions, kept.get(name, 0) if compacted else records, size)
            for name, partitions, records, size, compacted in rows
        ]

    def limits(self, name: str) -> Limits:
        """Return how long and how much of a topic is kept."""
        if self.get(name).compacted:
            return Limits(None, None)
        with self._lock, as_log_errors(self._path):
            kept, size, read = self._connection.execute(
                "SELECT retention_ms, retention_bytes, ifnull(read_ms, 0)"
                " FROM topics LEFT JOIN read_early ON topic = name WHERE name = ?",
                (name,),
            ).fetchone()
        return Limits(read or kept, size)

    def _create(self, topic: Topic) -> None:
        existing = self._connection.execute("SELECT partitions FROM topics WHERE name = ?", (topic.name,)).fetchone()
        if existing and existing[0] != topic.partitions:
            raise LogUnusable(
                f"topic {topic.name} of {self._path} has {existing[0]} partitions and not"
                f" {topic.partitions}; give another path with --log, or move this one away"
            )
        self._connection.execute(
            "REPLACE INTO topics VALUES (?, ?, ?, ?, ?, ?)",
            (
                topic.name,
                topic.partitions,
                topic.retention_ms,
                topic.retention_bytes,
                topic.compacted,
                topic.max_bytes,
            ),
        )
        self._connection.execute("REPLACE INTO read_early VALUES (?, ?)", (topic.name, topic.read_ms))
        self._connection.executemany(
            "INSERT OR IGNORE INTO partitions (topic, number) VALUES (?, ?)",
            [(topic.name, number) for number in range(topic.partitions)],
        )
        self._known.pop(topic.name, None)

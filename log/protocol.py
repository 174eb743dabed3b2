"""What a log is: records in partitions of topics, consumer groups, and nothing more."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple, Protocol

from schemas.topics import Topic


class LogError(Exception):
    """One sentence that says what is wrong and what to do."""

    records_fault = False  # whatever record was looked at when it came up


class LogUnavailable(LogError):
    """The log cannot take or give records now (no broker, disk full); trying again may work."""


class LogUnusable(LogError):
    """The log cannot be used as it is: not a log file, too new, wrong partitions, no permission."""


class LogDamaged(LogUnusable):
    """What is in the log file is not what was written; it is to be moved away."""

    exit_code = 74  # EX_IOERR of sysexits.h


class UnknownTopic(LogError):
    """No topic of that name, or no partition of that number, was created."""


class RecordTooLarge(LogError):
    """The key and value together exceed the topic's `max_bytes`."""


class GroupBusy(LogError):
    """Another reader holds this consumer group."""


NO_HEADERS: Mapping[str, bytes] = MappingProxyType({})


class Record(NamedTuple):
    """One record as it was appended; `timestamp` is in ms since the epoch, a tombstone has no value."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes
    value: bytes | None
    headers: Mapping[str, bytes] = NO_HEADERS


class TopicInfo(NamedTuple):
    """What a log holds of a topic; `size_bytes` is None where the log cannot tell."""

    name: str
    partitions: int
    records: int
    size_bytes: int | None


class Reader(Protocol):
    """Reads topics from where its group stopped, or from the earliest record. Not thread-safe."""

    def poll(self, timeout: float, limit: int) -> list[Record]:
        """Up to `limit` records, in offset order within a partition.

        Returns as soon as there is one, or empty after `timeout` seconds.
        """

    def commit(self) -> None:
        """Let the group go on, next time, after everything polled so far (or from where it sought).

        Survives the death of the process. Without a group it does nothing.
        """

    def seek(self, topic: str, partition: int, offset: int) -> None:
        """Poll goes on at `offset`, or at the earliest record after it that still exists.

        `offset` is within the partition's bounds. `commit` then commits it, which rewinds a group.
        """

    def lag(self) -> dict[tuple[str, int], int]:
        """Offsets not yet polled, by (topic, partition), of the partitions this reader holds."""

    def close(self) -> None:
        """Give the group back; nothing is committed."""


class History(Protocol):
    """The part of a log that is read by offset and by time."""

    def read(self, topic: str, partition: int, start: int, stop: int) -> Iterator[Record]:
        """Iterate the records with start <= offset < stop that exist now."""
        ...

    def offset_at(self, topic: str, partition: int, timestamp: int) -> int:
        """Return the first offset whose timestamp is `timestamp` (ms) or later; the end if there is none."""
        ...

    def bounds(self, topic: str, partition: int) -> tuple[int, int]:
        """Return the earliest offset still kept, and the end: the offset that the next record gets."""
        ...


class Log(History, Protocol):
    """Topics of records, kept for a while. Every method but the readers' is thread-safe.

    A key goes to the same partition in every log (Kafka's murmur2). Offsets of a partition start
    at 0, grow by one with each append and are never given twice.
    """

    def create(self, topics: Iterable[Topic]) -> None:
        """Make the topics that do not exist; LogUnusable if one exists with other partitions."""

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
        """Hand a record over; it is written soon, and for certain when `flush` returns.

        `value` None is a tombstone. `timestamp` is in ms, now unless given. Waits while the
        bounded buffer is full and raises LogUnavailable when that does not change; then the
        record was not taken. Also raises UnknownTopic and RecordTooLarge.
        """

    def flush(self, timeout: float = 30) -> None:
        """Return when everything appended is durable.

        Raises LogUnavailable after `timeout` seconds; the records stay buffered and are tried on.
        """

    def reader(self, topics: Sequence[str], group: str | None) -> Reader:
        """Read `topics` as `group`, or without one: from the earliest, committing nothing.

        On the local log a group has one reader at a time (GroupBusy); on Kafka the readers of a
        group share the partitions.
        """

    def committed(self, group: str, topic: str, partition: int) -> int | None:
        """Offset at which the group goes on, None if it never committed."""

    def topics(self) -> list[TopicInfo]:
        """What is in the log, by name."""

    def close(self) -> None:
        """Flush and let go; records that cannot be flushed raise LogUnavailable."""

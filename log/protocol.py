"""The contract of a log: records in partitions of topics, and consumer groups."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple, Protocol

from schemas.topics import Topic


class LogError(Exception):
    """One sentence with what is wrong and the remedy."""

    records_fault = False  # never the fault of the record that is being handled


class LogUnavailable(LogError):
    """The log cannot take or give records now (no broker, disk full); trying again may work."""


class LogUnusable(LogError):
    """The log cannot be used as it is: not a log file, too new, wrong partitions, no permission."""


class LogDamaged(LogUnusable):
    """The log file holds something else than was written; it has to be moved away."""

    exit_code = 74  # EX_IOERR of sysexits.h


class UnknownTopic(LogError):
    """There is no topic of that name, or no partition of that number."""


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


class Bounds(NamedTuple):
    """The earliest offset still kept of a partition, and the end: the offset that the next record gets."""

    first: int
    end: int


class TopicInfo(NamedTuple):
    """The extent of a topic in a log; `size_bytes` is None if it is not known."""

    name: str
    partitions: int
    records: int
    size_bytes: int | None


class Limits(NamedTuple):
    """How long a topic keeps what all groups have read, ms, and the most bytes of a partition; None: no limit."""

    ms: int | None
    bytes: int | None


class Reader(Protocol):
    """Reads topics from where its group stopped, or from the earliest record. Not thread-safe."""

    def poll(self, timeout: float, limit: int) -> list[Record]:
        """Return up to `limit` records, in the order of offsets within a partition.

        Return as soon as there is one, or an empty list after `timeout` seconds.
        """

    def commit(self) -> None:
        """Store where the group continues: after everything polled so far, or at the offset of the last seek.

        It is kept when the process dies. Without a group this does nothing.
        """

    def seek(self, topic: str, partition: int, offset: int) -> None:
        """Let the next poll start at `offset`, or at the earliest record after it that still exists.

        `offset` is within the bounds of the partition. `commit` stores it, so a group can be rewound.
        """

    def lag(self) -> dict[tuple[str, int], int]:
        """Return the number of records not yet polled, by (topic, partition), of the partitions held."""

    def close(self) -> None:
        """Leave the group; nothing is committed."""


class History(Protocol):
    """The part of a log that is read by offset and by time."""

    def read(self, topic: str, partition: int, start: int, stop: int) -> Iterator[Record]:
        """Iterate the records with start <= offset < stop that exist now."""
        ...

    def offset_at(self, topic: str, partition: int, timestamp: int) -> int:
        """Return the first offset whose timestamp is `timestamp` (ms) or later; the end if there is none."""
        ...

    def bounds(self, topic: str, partition: int) -> Bounds:
        """Return between which offsets a partition has records."""
        ...


class Log(History, Protocol):
    """Topics of records, kept for a while. All methods are thread-safe; those of its readers are not.

    A key goes to the same partition in every log (Kafka's murmur2). Offsets of a partition start at 0, grow by one with
    each append, and are never used twice.
    """

    def create(self, topics: Iterable[Topic]) -> None:
        """Make the topics that do not exist; raise LogUnusable if one exists with other partitions."""

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
        """Buffer a record; it is written soon, and certainly when `flush` returns.

        `value` None is a tombstone. `timestamp` is in ms, and now unless given. Wait while the bounded buffer is full;
        raise LogUnavailable if it stays full, and then the record was not taken. Also raise UnknownTopic and
        RecordTooLarge.
        """

    def flush(self, timeout: float = 30) -> None:
        """Return when everything appended is durable.

        Raise LogUnavailable after `timeout` seconds; the records stay buffered and are tried again.
        """

    def reader(self, topics: Sequence[str], group: str | None) -> Reader:
        """Return a reader of `topics` for `group`; without one it starts at the earliest records and commits nothing.

        On the local log a group has one reader at a time (GroupBusy). On Kafka the readers of a group share the
        partitions.
        """

    def committed(self, group: str, topic: str, partition: int) -> int | None:
        """Return the offset at which the group goes on; None if it never committed."""

    def topics(self) -> list[TopicInfo]:
        """Return the topics of the log, by name."""

    def limits(self, topic: str) -> Limits:
        """Return how long and how much of a topic the log keeps; of a compacted one, the last records stay for ever."""

    def close(self) -> None:
        """Flush and disconnect; raise LogUnavailable if records cannot be flushed."""

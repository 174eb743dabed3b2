"""A fold as a stage: bytes of one topic in, bytes of others out. The loop and the Faust agents drive the same stages.

A record that cannot be used becomes a dead letter and a counter; nothing but a bug can raise here, and even that is
caught, logged and skipped, so that one record never stops the stream.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Protocol

from msgspec import Struct

from log.protocol import Record
from schemas import topics
from schemas.codec import BadRecord, decode, encode
from schemas.graph import DeadLetter
from schemas.raw import Batch
from schemas.topics import Topic
from streams.attribute import Attribution
from streams.naming import NamingRule
from streams.pair import Pairing

log = logging.getLogger(__name__)
MOST_HOSTS = 20_000  # the most hosts of a partition
SILENT_RECORDS = 20_000  # a silent host is forgotten after so many records of each other host: hours, at 5 s a window
AHEAD_MS = 30_000  # a host whose windows end later than this after they were appended has a wrong clock
KEPT_BYTES = 64 << 10  # the most bytes of the original in a dead letter
KEPT_KEY, KEPT_ERROR = 1 << 10, 4 << 10  # so that every dead letter fits into its topic
MOST_NAMED = 5  # the most rows that a dead letter names


class Emission(NamedTuple):
    """A record to be written. Without a partition the key decides."""

    topic: str
    key: bytes
    value: bytes
    partition: int | None = None


class Stage(Protocol):
    """A fold over some topics, partition by partition."""

    name: str
    reads: tuple[Topic, ...]
    counters: Counter[str]

    def feed(self, message: Record) -> list[Emission]:
        """Take a record; return its emissions. Never raise."""
        ...

    def drop(self, partition: int) -> None:
        """Forget a partition's state, because another reader has it now or because it will be rebuilt."""
        ...


class AttributeStage:
    """Fold raw records of hosts into sides, nodes and their facts, places, names, events and requests by flow."""

    name = "attribute"
    reads: tuple[Topic, ...] = topics.RAW

    def __init__(self, rules: Sequence[NamingRule] = (), partitions: int = 1) -> None:
        self.counters: Counter[str] = Counter()
        self._rules = rules
        self._partitions = partitions
        self._hosts: dict[int, Hosts] = {}

    def feed(self, message: Record) -> list[Emission]:
        """Take a raw record; return the emissions of the windows that it completes."""
        return guarded(self, message, self._fold)

    def drop(self, partition: int) -> None:
        """Forget the hosts of a partition."""
        self._hosts.pop(partition, None)

    def _fold(self, message: Record) -> Iterator[Emission]:
        left_out: list[str] = []
        batch: Batch = decode(message.topic, message.value, message.timestamp, left_out)
        if left_out:
            self.counters["rows_left_out"] += len(left_out)
            named = "; ".join(left_out[:MOST_NAMED])
            yield dead_letter(self.name, message, f"{len(left_out)} rows were left out, the others are used: {named}")
        if batch.window + batch.width - message.timestamp > AHEAD_MS:
            self.counters["batches_ahead_of_the_clock"] += 1
        hosts = self._hosts.setdefault(message.partition, Hosts())
        fold = hosts.of(batch.host_id) or hosts.add(batch.host_id, Attribution(self._rules, self._partitions))
        self.counters["hosts_forgotten"] += hosts.forget()
        before = Counter(fold.counters)
        key = batch.host_id.encode()
        for folded in fold.feed(message.topic, batch):
            for partition, sides in folded.sides:
                self.counters["sides"] += len(sides.sides)
                yield Emission(topics.SIDES.name, key, encode(sides), partition)
            for topic, rows, derived in (
                (topics.NODES, folded.nodes.nodes, folded.nodes),
                (topics.PLACES, folded.places.places, folded.places),
                (topics.NODE_FACTS, folded.facts.facts, folded.facts),
                (topics.ADDRESS_NAMES, folded.names.names, folded.names),
                (topics.EVENTS, folded.events.events, folded.events),
            ):
                if len(rows):
                    yield Emission(topic.name, key, encode(derived))
            for requests in folded.requests:
                yield Emission(topics.FLOW_REQUESTS.name, key, encode(requests))
        self.counters.update(fold.counters - before)
        if fold.failure is not None:
            failure, fold.failure = fold.failure, None
            raise failure


class Hosts:
    """The folds of a partition's hosts. Hosts that have long been silent are forgotten: fleets replace theirs daily."""

    def __init__(self) -> None:
        self._records = 0
        # By host: the number of its last record, and its fold. The host that has been silent longest comes first.
        self._folds: dict[str, tuple[int, Attribution]] = {}

    def of(self, host_id: str) -> Attribution | None:
        """Return the fold of a host, which reports now; None if it is not known."""
        self._records += 1
        held = self._folds.pop(host_id, None)
        return self.add(host_id, held[1]) if held else None

    def add(self, host_id: str, fold: Attribution) -> Attribution:
        """Add a host."""
        self._folds[host_id] = self._records, fold
        return fold

    def forget(self) -> int:
        """Forget hosts beyond the bounds; return their number. A host that comes back begins with its next keyframe."""
        forgotten = 0
        while self._folds:
            host_id, (reported, _) = next(iter(self._folds.items()))
            if len(self._folds) <= MOST_HOSTS and self._records - reported <= SILENT_RECORDS * len(self._folds):
                break
            del self._folds[host_id]
            forgotten += 1
        return forgotten

    def __len__(self) -> int:
        return len(self._folds)


class PairStage:
    """Fold sides into edges."""

    name = "pair"
    reads: tuple[Topic, ...] = (topics.SIDES,)

    def __init__(self) -> None:
        self.counters: Counter[str] = Counter()
        self._pairings: dict[int, Pairing] = {}

    def feed(self, message: Record) -> list[Emission]:
        """Take a batch of sides; return the edges it makes or adds to."""
        return guarded(self, message, self._fold)

    def drop(self, partition: int) -> None:
        """Forget a partition's sides."""
        self._pairings.pop(partition, None)

    def _fold(self, message: Record) -> Iterator[Emission]:
        batch = decode(message.topic, message.value)
        for edges in self._pairings.setdefault(message.partition, Pairing(self.counters)).feed(batch):
            self.counters["edges"] += len(edges.edges)
            yield Emission(topics.EDGES.name, message.key, encode(edges), message.partition)


def guarded(stage: Stage, message: Record, fold: Callable[[Record], Iterator[Emission]]) -> list[Emission]:
    """Run a fold over one record; what it cannot use becomes a dead letter."""
    stage.counters["records"] += 1
    made: list[Emission] = []
    try:
        for emission in fold(message):
            made.append(emission)
        return made
    except BadRecord as error:
        reason = str(error)
    except Exception as error:  # one bug must not stop the whole stream; the dead letter keeps the record
        log.exception("record could not be folded: %s/%d@%d", message.topic, message.partition, message.offset)
        reason = f"{type(error).__name__}: {error}"
    stage.counters["dead_letters"] += 1
    return [*made, dead_letter(stage.name, message, reason)]


def dead_letter(stage: str, message: Record, error: str) -> Emission:
    """Return the dead letter of a record."""
    value = message.value or b""
    letter: Struct = DeadLetter(
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        timestamp=message.timestamp,
        stage=stage,
        error=error[:KEPT_ERROR].encode(errors="backslashreplace").decode(),
        size=len(value),
        key=(message.key or b"")[:KEPT_KEY].decode(errors="backslashreplace"),
        value=value[:KEPT_BYTES].decode(errors="backslashreplace"),
    )
    return Emission(topics.DEAD_LETTERS.name, f"{message.topic}/{message.partition}".encode(), encode(letter))

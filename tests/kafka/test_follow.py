"""What a follower guarantees and Faust does not; without Faust and without Kafka."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Iterator, Sequence
from dataclasses import dataclass, field

import msgspec
import pytest
from aiokafka.errors import KafkaTimeoutError, MessageSizeTooLargeError  # type: ignore[import-untyped]

from log.protocol import Bounds, Record
from schemas import retries, topics
from schemas.graph import DeadLetter
from schemas.topics import Topic
from streams.follow import Follower
from streams.rewind import STRETCH_MS, stretch
from streams.stage import Emission, Stage

AGAIN = STRETCH_MS // 1000  # records, which are a second apart


class Echo:
    """A stage that emits a record for each it takes, and remembers the offsets."""

    name = "echo"
    reads: tuple[Topic, ...] = (topics.SIDES,)

    def __init__(self, size: int = 2) -> None:
        self.counters: Counter[str] = Counter()
        self.seen: list[int] = []
        self._size = size

    def feed(self, message: Record) -> list[Emission]:
        self.seen.append(message.offset)
        return [Emission(topics.EDGES.name, message.key, b"x" * self._size, message.partition)]

    def drop(self, partition: int) -> None:
        self.seen.append(-1)


class Past:
    """A log of one partition with a record a second."""

    def __init__(self, end: int) -> None:
        self._end = end

    def read(self, topic: str, partition: int, start: int, stop: int) -> Iterator[Record]:
        for offset in range(start, min(stop, self._end)):
            yield Record(topic, partition, offset, offset * 1000, b"key", b"{}")

    def offset_at(self, topic: str, partition: int, timestamp: int) -> int:
        return max(0, -(-timestamp // 1000))

    def bounds(self, topic: str, partition: int) -> Bounds:
        return Bounds(0, self._end)


@dataclass
class FaustMessage:
    offset: int
    generation_id: int = 1
    topic: str = topics.SIDES.name
    partition: int = 0
    key: bytes = b"key"
    value: bytes = b"{}"

    @property
    def timestamp(self) -> float:
        return float(self.offset)


@dataclass
class Event:
    message: FaustMessage
    acked: bool = False

    def ack(self) -> None:
        self.acked = True


@dataclass
class Kafka:
    """Takes records; the first ones fail with what is in `failures`."""

    failures: list[Exception] = field(default_factory=list)
    records: list[Emission] = field(default_factory=list)
    generation: int = 1

    async def send(self, emission: Emission) -> Awaitable[object]:
        return self._acknowledged(emission, self.failures.pop(0) if self.failures else None)

    async def _acknowledged(self, emission: Emission, failure: Exception | None) -> None:
        if failure:
            raise failure
        self.records.append(emission)

    def follower(self, stage: Stage, past: Past, committed: int) -> Follower:
        return Follower(stage, past, lambda *_: committed, self.send, lambda: self.generation)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "FIRST_PAUSE", 0)


def events(*offsets: int, generation: int = 1) -> list[Event]:
    return [Event(FaustMessage(offset, generation)) for offset in offsets]


def take(follower: Follower, *turns: Sequence[Event]) -> None:
    async def all_of_them() -> None:
        for turn in turns:
            await follower.take(turn)

    asyncio.run(all_of_them())


def test_the_first_record_of_a_partition_rebuilds_its_state_and_appends_its_emissions() -> None:
    stage, kafka = Echo(), Kafka()
    turn = events(3)

    take(kafka.follower(stage, Past(4), committed=3), turn)

    assert stage.seen == [-1, 0, 1, 2, 3]
    assert len(kafka.records) == 4
    assert turn[0].acked


def test_only_a_bounded_stretch_is_read_again() -> None:
    stage = Echo()

    take(Kafka().follower(stage, Past(1001), committed=1000), events(1000))

    assert stage.seen == [-1, *range(999 - AGAIN, 1001)]  # from the last that was folded


def test_a_record_is_acknowledged_only_when_its_emissions_are_in_the_log() -> None:
    kafka = Kafka([KafkaTimeoutError()])
    turn = events(0, 1)
    acked_at_retry = []

    class Watching(Echo):
        def feed(self, message: Record) -> list[Emission]:
            acked_at_retry.append([event.acked for event in turn])
            return super().feed(message)

    stage = Watching()
    take(kafka.follower(stage, Past(2), committed=0), turn)

    assert acked_at_retry == [[False, False]] * 2
    assert len(kafka.records) == 2
    assert all(event.acked for event in turn)
    assert stage.seen == [-1, 0, 1]  # the emission that failed was sent again, and its record not folded again


def test_records_that_faust_skips_are_read_from_the_log() -> None:
    stage = Echo()

    take(Kafka().follower(stage, Past(10), committed=0), events(0, 1), events(5))

    assert stage.seen == [-1, 0, 1, 2, 3, 4, 5]


def test_records_that_come_again_are_acknowledged_and_not_folded() -> None:
    stage = Echo()
    again = events(1, 2)

    take(Kafka().follower(stage, Past(10), committed=0), events(0, 1, 2), again)

    assert stage.seen == [-1, 0, 1, 2]
    assert all(event.acked for event in again)


def test_a_new_generation_rebuilds_and_records_of_an_older_one_are_left_alone() -> None:
    stage, kafka = Echo(), Kafka()
    follower = kafka.follower(stage, Past(10), committed=2)
    take(follower, events(2, 3))
    stage.seen.clear()
    kafka.generation = 2
    late, new = events(4, generation=1), events(2, generation=2)

    take(follower, late, new)

    assert stage.seen == [-1, 0, 1, 2]
    assert not late[0].acked
    assert new[0].acked


def test_an_emission_that_is_too_large_becomes_a_dead_letter_whether_we_or_the_broker_refuse_it() -> None:
    ours, theirs = Kafka(), Kafka([MessageSizeTooLargeError()])

    take(ours.follower(Echo(topics.EDGES.max_bytes + 1), Past(1), committed=0), events(0))
    take(theirs.follower(Echo(), Past(1), committed=0), events(0))

    for kafka in (ours, theirs):
        letters = [msgspec.json.decode(record.value, type=DeadLetter) for record in kafka.records]
        assert [record.topic for record in kafka.records] == [topics.DEAD_LETTERS.name]
        assert letters[0].offset == 0
        assert "too large for topic edges" in letters[0].error


def test_the_stretch_begins_where_the_slowest_of_the_topics_goes_on() -> None:
    class Both(Echo):
        reads: tuple[Topic, ...] = (topics.HEARTBEATS, topics.CONNECTIONS)

    offsets = {topics.HEARTBEATS.name: 2000, topics.CONNECTIONS.name: 1000}

    read = list(stretch(Past(3000), Both(), 0, offsets))

    heartbeats = [record.offset for record in read if record.topic == topics.HEARTBEATS.name]
    connections = [record.offset for record in read if record.topic == topics.CONNECTIONS.name]
    assert heartbeats == list(range(1000 - AGAIN, 2000))
    assert connections == list(range(1000 - AGAIN, 1000))

"""Reads Kafka as a member of a consumer group, or alone."""

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from confluent_kafka import (
    TIMESTAMP_NOT_AVAILABLE,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

from log.kafka_clients import Clients
from log.protocol import Bounds, LogUnavailable, Record, UnknownTopic

ALONE = "servicemap-reader"  # the group of a reader without one; it commits nothing
ANSWER_SECONDS = 10.0  # how long to wait for a broker before an error reports that none answers
_NOBODY_LEADS_YET = {  # of a partition that is new or changes its broker, or of a group in a new cluster
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError.NOT_COORDINATOR,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
}
RETRY_SECONDS = 0.1
Answer = TypeVar("Answer")


class KafkaReader:
    """A Reader over one librdkafka consumer.

    Partitions come and go as readers join and leave the group. A seek is remembered for a partition that is not
    assigned yet.
    """

    def __init__(self, clients: Clients, partitions: Mapping[str, int], group: str | None) -> None:
        """Read the topics of `partitions`, which has their number of partitions."""
        self._clients = clients
        self._consumer = consumer = clients.consumer(group or ALONE, ends=True)
        self._all = [(topic, n) for topic, count in partitions.items() for n in range(count)]
        self._group = group
        self._next: dict[tuple[str, int], int] = {}  # of the partitions held: offset to poll next
        self._moved: set[tuple[str, int]] = set()  # what the next commit has to store
        self._sought: dict[tuple[str, int], int] = {}
        if group is None:
            self._hold({place: self._earliest(place) for place in self._all})
        else:
            consumer.subscribe(list(partitions), on_assign=self._assigned, on_revoke=self._revoked)

    def poll(self, timeout: float, limit: int) -> list[Record]:
        """Return up to `limit` records; see Reader."""
        deadline = time.monotonic() + timeout
        while True:
            # consume() alone would wait until there are `limit` messages.
            first = self._consumer.poll(max(0.0, deadline - time.monotonic()))
            messages = [first] if first is not None else []  # a message without a value is false
            if messages and limit > 1:
                messages += self._consumer.consume(limit - 1, 0)
            records = [record for message in messages if (record := self._accept(message)) is not None]
            if records or time.monotonic() >= deadline:
                return records

    def commit(self) -> None:
        """Commit the offsets to poll next; see Reader."""
        if self._group is None or not self._moved:
            return
        places = [TopicPartition(*place, self._next[place]) for place in self._moved]
        try:
            self._consumer.commit(offsets=places, asynchronous=False)
        except KafkaException as error:
            raise LogUnavailable(
                f"group {self._group} cannot commit ({error.args[0].str()}); it will read the records since its last"
                " commit again"
            ) from error
        self._moved.clear()

    def seek(self, topic: str, partition: int, offset: int) -> None:
        """Continue at `offset`; see Reader."""
        place = (topic, partition)
        if place not in self._all:
            raise UnknownTopic(f"this reader does not read {topic}[{partition}]")
        if place not in self._next:
            self._sought[place] = offset
            return
        self._next[place] = offset
        self._moved.add(place)
        # A seek() just after assign() fails until the fetcher has started; a new assignment of
        # everything held does not.
        self._hold(dict(self._next))

    def lag(self) -> dict[tuple[str, int], int]:
        """Return the number of records not yet polled; see Reader."""
        lags = {}
        for place, offset in self._next.items():
            first, end = self._bounds(place)
            lags[place] = max(0, end - max(first, offset))
        return lags

    def close(self) -> None:
        """Leave the group; see Reader."""
        self._consumer.close()

    def _accept(self, message: Message) -> Record | None:
        """Return the record; None for an event, and for a partition that is no longer ours."""
        place = (message.topic(), message.partition())
        error = message.error()
        if error is not None and error.code() != KafkaError._PARTITION_EOF:
            if denied := self._clients.denial(error):
                raise denied
            self._clients.chatter.log(logging.WARNING, "kafka: %s", error.str())  # librdkafka goes on by itself
            return None
        if place not in self._next:
            return None
        at = message.offset() + (error is None)
        if error is None or at > self._next[place]:  # the last offsets may have no record: compacted, deleted, markers
            self._next[place] = at
            self._moved.add(place)
        return record_of(message) if error is None else None

    def _assigned(self, _consumer: Any, places: list[TopicPartition]) -> None:
        """Continue at the offset of the last seek, else at the committed one, else at the earliest."""
        try:
            committed = self._consumer.committed(places, timeout=ANSWER_SECONDS)
        except KafkaException:
            committed = places  # librdkafka asks again when it fetches
        held = {}
        for known in committed:
            place = (known.topic, known.partition)
            held[place] = known.offset if known.offset >= 0 else self._earliest(place)
            if place in self._sought:
                held[place] = self._sought.pop(place)
                self._moved.add(place)
        self._hold(held)

    def _revoked(self, _consumer: Any, places: list[TopicPartition]) -> None:
        for revoked in places:
            self._next.pop((revoked.topic, revoked.partition), None)
            self._moved.discard((revoked.topic, revoked.partition))

    def _hold(self, offsets: dict[tuple[str, int], int]) -> None:
        self._next = offsets
        self._consumer.assign([TopicPartition(*place, offset) for place, offset in offsets.items()])

    def _earliest(self, place: tuple[str, int]) -> int:
        return self._bounds(place).first

    def _bounds(self, place: tuple[str, int]) -> Bounds:
        with self._clients.answering():
            return watermarks(self._consumer, *place)


def asked(ask: Callable[[], Answer]) -> Answer:
    """Ask the brokers, and again while nobody leads what is asked for; KafkaException when that lasts."""
    deadline = time.monotonic() + ANSWER_SECONDS
    while True:
        try:
            return ask()
        except KafkaException as error:
            if error.args[0].code() not in _NOBODY_LEADS_YET or time.monotonic() > deadline:
                raise
            time.sleep(RETRY_SECONDS)


def watermarks(consumer: Consumer, topic: str, partition: int) -> Bounds:
    """Return the earliest offset and the end; KafkaException when no broker answers."""
    place = TopicPartition(topic, partition)
    return Bounds(*asked(lambda: consumer.get_watermark_offsets(place, timeout=ANSWER_SECONDS)))


def record_of(message: Message) -> Record:
    """Return our record of a message. A missing key is empty; of headers with one name the last counts."""
    kind, timestamp = message.timestamp()
    return Record(
        message.topic(),
        message.partition(),
        message.offset(),
        0 if kind == TIMESTAMP_NOT_AVAILABLE else timestamp,
        message.key() or b"",
        message.value(),
        {name: value or b"" for name, value in message.headers() or ()},
    )

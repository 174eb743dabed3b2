"""The log of many machines: Apache Kafka through confluent-kafka (librdkafka)."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition

from log.kafka_clients import Clients
from log.kafka_reader import ALONE, ANSWER_SECONDS, KafkaReader, asked, record_of, watermarks
from log.kafka_topics import Topics
from log.protocol import Bounds, Limits, LogUnavailable, Record, TopicInfo
from log.security import Security
from schemas.topics import Topic


class KafkaLog:
    """A Log on the cluster of `brokers` ("host:port[,host:port]")."""

    def __init__(self, brokers: str, security: Security | None = None, *, patience: float = 30.0) -> None:
        """Connect. `patience`: seconds an append waits for room in the buffer.

        Raise LogUnavailable when no broker answers within ANSWER_SECONDS.
        """
        self._clients = Clients(brokers, security or Security())
        self._patience = patience
        self._producer = self._clients.producer()
        self._lost: LogUnavailable | None = None
        self._topics = Topics(self._clients, self._producer)
        self._query = self._clients.consumer("servicemap-query")

    def create(self, topics: Iterable[Topic]) -> None:
        """Make the missing topics; keep the settings of existing ones, which belong to the operator."""
        self._topics.create(topics)

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
        """Buffer a record; see Log."""
        self._topics.check(topic, partition, value)
        optional: dict[str, Any] = {"timestamp": timestamp, "partition": partition}
        arguments = {name: given for name, given in optional.items() if given is not None}
        deadline = time.monotonic() + self._patience
        while True:
            try:
                self._producer.produce(
                    topic,
                    key=key,
                    value=value,
                    headers=list((headers or {}).items()),
                    on_delivery=self._delivered,
                    **arguments,
                )
            except BufferError:
                if time.monotonic() > deadline:
                    raise self._clients.no_answer() from None
                self._producer.poll(0.1)
            except KafkaException as error:
                raise LogUnavailable(
                    f"{self._clients.brokers} does not accept records for topic {topic}: {error.args[0].str()}"
                ) from error
            else:
                self._producer.poll(0)
                return

    def flush(self, timeout: float = 30) -> None:
        """Return when every record is acknowledged by all in-sync replicas; see Log."""
        if self._producer.flush(timeout):
            raise self._clients.no_answer()
        if self._lost:
            lost, self._lost = self._lost, None
            raise lost

    def reader(self, topics: Sequence[str], group: str | None) -> KafkaReader:
        """Read topics, sharing them with the readers of the same group; see Log."""
        return KafkaReader(self._clients, {topic: self._topics.count(topic) for topic in topics}, group)

    def read(self, topic: str, partition: int, start: int, stop: int) -> Iterator[Record]:
        """Iterate the records of a range; see Log."""
        earliest, end = self.bounds(topic, partition)
        start, stop = max(start, earliest), min(stop, end)
        if start >= stop:
            return
        with self._clients.borrowed(ALONE, ends=True) as consumer:
            consumer.assign([TopicPartition(topic, partition, start)])
            last_answer = time.monotonic()
            while True:
                found = consumer.consume(500, 0.1)
                messages = [each for each in found if (each.topic(), each.partition()) == (topic, partition)]
                for message in messages:
                    if message.error() and (denied := self._clients.denial(message.error())):
                        raise denied
                    if message.error() is None and message.offset() < stop:
                        yield record_of(message)
                    if _is_past(message, stop - 1):
                        return
                if any(message.error() is None for message in messages):
                    last_answer = time.monotonic()
                elif time.monotonic() - last_answer > ANSWER_SECONDS:
                    raise self._clients.no_answer()

    def offset_at(self, topic: str, partition: int, timestamp: int) -> int:
        """Return the first offset at or after a time; see Log."""
        self._topics.check(topic, partition)
        place = TopicPartition(topic, partition, timestamp)
        with self._clients.answering():
            found = self._query.offsets_for_times([place], timeout=ANSWER_SECONDS)[0].offset
        return int(found) if found >= 0 else self.bounds(topic, partition).end

    def bounds(self, topic: str, partition: int) -> Bounds:
        """Return the earliest offset and the end; see Log."""
        self._topics.check(topic, partition)
        with self._clients.answering():
            return watermarks(self._query, topic, partition)

    def committed(self, group: str, topic: str, partition: int) -> int | None:
        """Return the offset at which the group continues; see Log."""
        self._topics.check(topic, partition)
        place = TopicPartition(topic, partition)
        with self._clients.borrowed(group) as consumer, self._clients.answering():
            offset = asked(lambda: consumer.committed([place], timeout=ANSWER_SECONDS))[0].offset
        return int(offset) if offset >= 0 else None

    def topics(self) -> list[TopicInfo]:
        """Return names, partitions and records by name, without Kafka's own topics."""
        self._topics.look_up()
        infos = []
        for name, partitions in sorted(self._topics.partitions.items()):
            bounds = [self.bounds(name, partition) for partition in range(partitions)]
            infos.append(TopicInfo(name, partitions, sum(end - first for first, end in bounds), None))
        return infos

    def limits(self, topic: str) -> Limits:
        """Return how long and how much of a topic the brokers keep; see Log."""
        return self._topics.limits(topic)

    def close(self) -> None:
        """Flush and disconnect; see Log. Readers are closed on their own."""
        try:
            self.flush(self._patience)
        finally:
            self._producer.purge()
            self._producer.flush(0)
            self._query.close()
            self._clients.close()

    def _delivered(self, error: Any, _message: Any) -> None:
        if error is not None:
            refused = LogUnavailable(f"{self._clients.brokers} refused a record: {error.str()}")
            self._lost = self._clients.denial(error) or refused


def _is_past(message: Message, last: int) -> bool:
    """Return whether nothing up to offset `last` follows; `last` itself may be compacted away."""
    if error := message.error():
        return bool(error.code() == KafkaError._PARTITION_EOF)
    return bool(message.offset() >= last)

"""The log of many machines: Apache Kafka through confluent-kafka (librdkafka)."""

import contextlib
import logging
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, NewTopic

from log.kafka_reader import ANSWER_SECONDS, KafkaReader, record_of, watermarks
from log.protocol import (
    LogUnavailable,
    LogUnusable,
    Record,
    RecordTooLarge,
    TopicInfo,
    UnknownTopic,
)
from schemas.topics import Topic

MAX_MESSAGE_BYTES = 64 << 20  # librdkafka's own limit; each topic has a lower one
BATCH_BYTES = 512 << 10
BUFFER_KIB = 32 << 10
CHATTER_SECONDS = 30.0  # librdkafka's own messages: at most one in this time

_PRODUCER: dict[str, Any] = {
    "enable.idempotence": True,  # and with it acks=all, order and no duplicates by retries
    "compression.type": "zstd",
    "partitioner": "murmur2_random",  # librdkafka's own default disagrees with Java and Faust
    "linger.ms": 50,
    "batch.size": BATCH_BYTES,
    "queue.buffering.max.kbytes": BUFFER_KIB,
    "queue.buffering.max.messages": 100_000,
    "message.timeout.ms": 0,  # never give a record up: a full queue tells the caller instead
}
_CONSUMER: dict[str, Any] = {
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "auto.offset.reset": "earliest",
    "partition.assignment.strategy": "range",  # co-partitioned topics stay together
    "session.timeout.ms": 6_000,  # the brokers' least: a killed reader's partitions go on then
    "heartbeat.interval.ms": 2_000,
    "fetch.wait.max.ms": 100,
    "queued.max.messages.kbytes": 16 << 10,
}


# A partition has no leader for a moment when it is made, and when its broker changes.


class KafkaLog:
    """A Log on the cluster of `brokers` ("host:port[,host:port]")."""

    def __init__(self, brokers: str, *, patience: float = 30.0) -> None:
        """`patience`: seconds an append waits for room in the buffer.

        Raises LogUnavailable when no broker answers within ANSWER_SECONDS.
        """
        self._brokers = brokers
        self._patience = patience
        self._common: dict[str, Any] = {
            "bootstrap.servers": brokers,
            "client.id": "servicemap",
            "message.max.bytes": MAX_MESSAGE_BYTES,
            "receive.message.max.bytes": 2 * MAX_MESSAGE_BYTES,
            "allow.auto.create.topics": False,
            "logger": _chatter(),
        }
        self._producer = Producer(self._common | _PRODUCER)
        self._lost: str | None = None
        self._partitions: dict[str, int] = {}
        self._max_bytes: dict[str, int] = {}
        self._look_up_topics()
        self._query = self._consumer("servicemap-query")

    def create(self, topics: Iterable[Topic]) -> None:
        """Make the missing topics; settings of existing ones are the operator's."""
        topics = list(topics)
        self._look_up_topics()
        missing = [_new_topic(topic) for topic in topics if topic.name not in self._partitions]
        if missing:
            admin = AdminClient(self._common)
            for name, done in admin.create_topics(missing).items():
                try:
                    done.result(ANSWER_SECONDS)
                except KafkaException as error:
                    if error.args[0].name() != "TOPIC_ALREADY_EXISTS":
                        raise LogUnusable(
                            f"cannot create topic {name} at {self._brokers}: {error.args[0].str()}"
                        ) from error
            self._await_topics({topic.name for topic in topics})
        for topic in topics:
            if (existing := self._partitions[topic.name]) != topic.partitions:
                raise LogUnusable(
                    f"topic {topic.name} at {self._brokers} has {existing} partitions and not"
                    f" {topic.partitions}; delete it, or use another cluster with --log"
                )
            self._max_bytes[topic.name] = topic.max_bytes

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
        self._check(topic, partition, value)
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
                    raise self._no_answer() from None
                self._producer.poll(0.1)
            except KafkaException as error:
                raise LogUnavailable(
                    f"{self._brokers} does not take records for topic {topic}: {error.args[0].str()}"
                ) from error
            else:
                self._producer.poll(0)
                return

    def flush(self, timeout: float = 30) -> None:
        """Return when every record is acknowledged by all in-sync replicas; see Log."""
        if self._producer.flush(timeout):
            raise self._no_answer()
        if self._lost:
            lost, self._lost = self._lost, None
            raise LogUnavailable(f"{self._brokers} refused a record: {lost}")

    def reader(self, topics: Sequence[str], group: str | None) -> KafkaReader:
        """Read topics, sharing them with the readers of the same group; see Log."""
        partitions = {topic: self._count(topic) for topic in topics}
        return KafkaReader(self._consumer(group or "servicemap-reader", eof=True), partitions, group)

    def read(self, topic: str, partition: int, start: int, stop: int) -> Iterator[Record]:
        """The records of a range; see Log."""
        earliest, end = self.bounds(topic, partition)
        start, stop = max(start, earliest), min(stop, end)
        if start >= stop:
            return
        with contextlib.closing(self._consumer("servicemap-reader", eof=True)) as consumer:
            consumer.assign([TopicPartition(topic, partition, start)])
            heard = time.monotonic()
            while True:
                messages = consumer.consume(500, 0.1)
                for message in messages:
                    if message.error() is None and message.offset() < stop:
                        yield record_of(message)
                    if _is_past(message, stop - 1):
                        return
                if any(message.error() is None for message in messages):
                    heard = time.monotonic()
                elif time.monotonic() - heard > ANSWER_SECONDS:
                    raise self._no_answer()

    def offset_at(self, topic: str, partition: int, timestamp: int) -> int:
        """First offset at or after a time; see Log."""
        self._check(topic, partition)
        place = TopicPartition(topic, partition, timestamp)
        with self._answering():
            found = self._query.offsets_for_times([place], timeout=ANSWER_SECONDS)[0].offset
        return int(found) if found >= 0 else self.bounds(topic, partition)[1]

    def bounds(self, topic: str, partition: int) -> tuple[int, int]:
        """(earliest, end) offsets; see Log."""
        self._check(topic, partition)
        with self._answering():
            return watermarks(self._query, topic, partition)

    def committed(self, group: str, topic: str, partition: int) -> int | None:
        """Where the group goes on; see Log."""
        self._check(topic, partition)
        place = TopicPartition(topic, partition)
        with contextlib.closing(self._consumer(group)) as consumer, self._answering():
            offset = consumer.committed([place], timeout=ANSWER_SECONDS)[0].offset
        return int(offset) if offset >= 0 else None

    def topics(self) -> list[TopicInfo]:
        """Names, partitions and records by name, without Kafka's own topics."""
        self._look_up_topics()
        infos = []
        for name, partitions in sorted(self._partitions.items()):
            bounds = [self.bounds(name, partition) for partition in range(partitions)]
            infos.append(TopicInfo(name, partitions, sum(end - a for a, end in bounds), None))
        return infos

    def close(self) -> None:
        """Flush and disconnect; see Log. Readers are closed on their own."""
        try:
            self.flush(self._patience)
        finally:
            self._producer.purge()
            self._producer.flush(0)
            self._query.close()

    def _consumer(self, group: str, eof: bool = False) -> Consumer:
        mine = {"group.id": group, "enable.partition.eof": eof}
        return Consumer(self._common | _CONSUMER | mine)

    def _delivered(self, error: Any, _message: Any) -> None:
        if error is not None:
            self._lost = error.str()

    def _check(self, topic: str, partition: int | None, value: bytes | None = None) -> None:
        count = self._count(topic)
        if partition is not None and not 0 <= partition < count:
            raise UnknownTopic(f"topic {topic} has partitions 0 to {count - 1}, not {partition}")
        limit = self._max_bytes.get(topic, MAX_MESSAGE_BYTES)
        if value is not None and len(value) > limit:
            raise RecordTooLarge(
                f"a record of {len(value)} bytes is too large for topic {topic}, which takes {limit}; split it"
            )

    def _count(self, topic: str) -> int:
        if topic not in self._partitions:
            self._look_up_topics()
        try:
            return self._partitions[topic]
        except KeyError:
            raise UnknownTopic(f"there is no topic {topic} at {self._brokers}; create it first") from None

    def _look_up_topics(self) -> None:
        with self._answering():
            found = self._producer.list_topics(timeout=ANSWER_SECONDS).topics
        self._partitions = {name: len(topic.partitions) for name, topic in found.items() if name[:2] != "__"}

    def _await_topics(self, names: set[str]) -> None:
        """A topic is created before every broker says so."""
        deadline = time.monotonic() + ANSWER_SECONDS
        while not names <= self._partitions.keys():
            if time.monotonic() > deadline:
                raise self._no_answer()
            time.sleep(0.02)
            self._look_up_topics()

    @contextlib.contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except KafkaException as error:
            raise self._no_answer() from error

    def _no_answer(self) -> LogUnavailable:
        return LogUnavailable(f"no Kafka broker answers at {self._brokers}; start one with `make kafka` or check --log")


def _is_past(message: Message, last: int) -> bool:
    """Whether nothing up to offset `last` follows; compaction may have taken `last` itself."""
    if error := message.error():
        return bool(error.code() == KafkaError._PARTITION_EOF)
    return bool(message.offset() >= last)


def _new_topic(topic: Topic) -> NewTopic:
    limit = max(topic.max_bytes, BATCH_BYTES) + (64 << 10)  # Kafka limits the batch a record is in
    config = {"max.message.bytes": str(limit), "cleanup.policy": "compact"}
    if not topic.compacted:
        config |= {
            "cleanup.policy": "delete",
            "retention.ms": str(topic.retention_ms),
            "retention.bytes": str(topic.retention_bytes),
        }
    return NewTopic(topic.name, num_partitions=topic.partitions, replication_factor=-1, config=config)


def _chatter() -> logging.Logger:
    """librdkafka tells every lost connection several times a second; once in a while is enough."""
    logger = logging.getLogger("log.kafka")
    if not logger.filters:
        last = [-CHATTER_SECONDS]

        def seldom(record: logging.LogRecord) -> bool:
            if record.levelno < logging.WARNING or time.monotonic() - last[0] < CHATTER_SECONDS:
                return False
            last[0] = time.monotonic()
            return True

        logger.addFilter(seldom)
    return logger

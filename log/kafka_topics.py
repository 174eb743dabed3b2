"""The topics of a Kafka cluster: list them, make them, and check their records."""

import time
from collections.abc import Iterable
from functools import cached_property
from typing import Any

from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic

from log.kafka_clients import BATCH_BYTES, MAX_MESSAGE_BYTES, Clients
from log.kafka_reader import ANSWER_SECONDS
from log.protocol import Limits, LogUnusable, RecordTooLarge, UnknownTopic
from schemas.topics import Topic

_FIRST_TRY = 0.1  # of ANSWER_SECONDS; after it wrong settings are found


class Topics:
    """The topics by name. Its methods raise LogUnavailable when no broker answers within ANSWER_SECONDS."""

    def __init__(self, clients: Clients, producer: Producer) -> None:
        self.partitions: dict[str, int] = {}
        self._clients = clients
        self._producer = producer
        self._max_bytes: dict[str, int] = {}
        self.look_up()

    def create(self, topics: Iterable[Topic]) -> None:
        """Make the missing topics; keep the settings of existing ones, which belong to the operator."""
        topics = list(topics)
        self.look_up()
        missing = [_new_topic(topic) for topic in topics if topic.name not in self.partitions]
        if missing:
            self._make(missing)
            self._await({topic.name for topic in topics})
        brokers = self._clients.brokers
        for topic in topics:
            if (existing := self.partitions[topic.name]) != topic.partitions:
                raise LogUnusable(
                    f"topic {topic.name} at {brokers} has {existing} partitions and not {topic.partitions};"
                    " delete it, or use another cluster with --log"
                )
            self._max_bytes[topic.name] = topic.max_bytes

    def check(self, topic: str, partition: int | None, value: bytes | None = None) -> None:
        """Raise UnknownTopic or RecordTooLarge for a record that the topic cannot take."""
        count = self.count(topic)
        if partition is not None and not 0 <= partition < count:
            raise UnknownTopic(f"topic {topic} has partitions 0 to {count - 1}, not {partition}")
        limit = self._max_bytes.get(topic, MAX_MESSAGE_BYTES)
        if value is not None and len(value) > limit:
            raise RecordTooLarge(
                f"a record of {len(value)} bytes is too large for topic {topic}, which takes {limit}; split it"
            )

    def count(self, topic: str) -> int:
        """Return the number of partitions of a topic."""
        if topic not in self.partitions:
            self.look_up()
        try:
            return self.partitions[topic]
        except KeyError:
            raise UnknownTopic(f"there is no topic {topic} at {self._clients.brokers}; create it first") from None

    def limits(self, topic: str) -> Limits:
        """Ask the brokers for the settings of a topic that limit it."""
        self.count(topic)
        asked = ConfigResource(ConfigResource.Type.TOPIC, topic)
        with self._clients.answering():
            found = self._admin.describe_configs([asked])[asked].result(ANSWER_SECONDS)
        if "delete" not in found["cleanup.policy"].value:
            return Limits(None, None)
        ms, size = (int(found[name].value) for name in ("retention.ms", "retention.bytes"))
        return Limits(ms if ms >= 0 else None, size if size >= 0 else None)

    @cached_property
    def _admin(self) -> AdminClient:
        return self._clients.admin()

    def look_up(self) -> None:
        """Ask the brokers which topics there are; Kafka's own are left out."""
        with self._clients.answering():
            found = self._ask()
        self.partitions = {name: len(topic.partitions) for name, topic in found.items() if name[:2] != "__"}

    def _ask(self) -> dict[str, Any]:
        deadline = time.monotonic() + ANSWER_SECONDS
        try:
            return dict(self._producer.list_topics(timeout=_FIRST_TRY * ANSWER_SECONDS).topics)
        except KafkaException:
            self._producer.poll(0)  # runs the callbacks of errors
            if self._clients.in_vain():
                raise
        try:
            return dict(self._producer.list_topics(timeout=max(0.1, deadline - time.monotonic())).topics)
        finally:
            self._producer.poll(0)

    def _make(self, missing: list[NewTopic]) -> None:
        for name, done in self._admin.create_topics(missing).items():
            try:
                done.result(ANSWER_SECONDS)
            except KafkaException as error:
                if error.args[0].name() != "TOPIC_ALREADY_EXISTS":
                    raise self._clients.denial(error.args[0]) or LogUnusable(
                        f"cannot create topic {name} at {self._clients.brokers}: {error.args[0].str()}"
                    ) from error

    def _await(self, names: set[str]) -> None:
        """Return when the brokers know the topics; one is created before every broker knows it."""
        deadline = time.monotonic() + ANSWER_SECONDS
        while not names <= self.partitions.keys():
            if time.monotonic() > deadline:
                raise self._clients.no_answer()
            time.sleep(0.02)
            self.look_up()


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

"""The clients of one Kafka cluster: producers, consumers and admin clients with the same security and settings."""

import contextlib
import logging
from collections.abc import Iterator
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient

from log.diagnosis import diagnose
from log.protocol import LogUnavailable, LogUnusable
from log.security import Security
from log.seldom import Seldom

MAX_MESSAGE_BYTES = 64 << 20  # librdkafka's own limit; each topic has a lower one
BATCH_BYTES = 512 << 10
BUFFER_KIB = 32 << 10

_PRODUCER: dict[str, Any] = {
    "enable.idempotence": True,  # and with it acks=all, order and no duplicates by retries
    "compression.type": "zstd",
    "partitioner": "murmur2_random",  # librdkafka's own default disagrees with Java and Faust
    "linger.ms": 50,
    "batch.size": BATCH_BYTES,
    "queue.buffering.max.kbytes": BUFFER_KIB,
    "queue.buffering.max.messages": 100_000,
    "message.timeout.ms": 0,  # never give up a record; a full queue makes the caller wait instead
}
_CONSUMER: dict[str, Any] = {
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "auto.offset.reset": "earliest",
    "partition.assignment.strategy": "range",  # co-partitioned topics stay together
    "session.timeout.ms": 6_000,  # the least that brokers allow; then others read the partitions of a killed reader
    "heartbeat.interval.ms": 2_000,
    "fetch.wait.max.ms": 100,
    "queued.max.messages.kbytes": 16 << 10,
}


_DENIED = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
}


class Chatter:
    """Limits how often messages of librdkafka are logged."""

    def __init__(self) -> None:
        self.muted = True  # until the first contact: if that fails, one sentence has the reason
        self._seldom = Seldom()
        self._logger = logging.getLogger("log.kafka")

    def log(self, level: int, message: str, *arguments: object) -> None:
        """Log a message, unless another was logged a moment ago."""
        if not self.muted and self._seldom.allows(level):
            self._logger.log(level, message, *arguments)


class Clients:
    """Makes the clients, and knows why they get no answer."""

    def __init__(self, brokers: str, security: Security) -> None:
        self.brokers = brokers
        self.chatter = Chatter()
        self._security = security
        self._refusal: KafkaError | None = None
        self._closing = False
        self._idle: dict[tuple[str, bool], list[Consumer]] = {}
        self._common: dict[str, Any] = {
            "bootstrap.servers": brokers,
            "client.id": "servicemap",
            "message.max.bytes": MAX_MESSAGE_BYTES,
            "receive.message.max.bytes": 2 * MAX_MESSAGE_BYTES,
            "allow.auto.create.topics": False,
            "logger": self.chatter,
            "error_cb": self._on_error,
            **security.librdkafka(),
        }

    def producer(self) -> Producer:
        """Return a producer."""
        return self._made(Producer, _PRODUCER)

    def consumer(self, group: str, *, ends: bool = False) -> Consumer:
        """Return a consumer; with `ends` it reports the ends of partitions."""
        return self._made(Consumer, _CONSUMER | {"group.id": group, "enable.partition.eof": ends})

    @contextlib.contextmanager
    def borrowed(self, group: str, *, ends: bool = False) -> Iterator[Consumer]:
        """Lend a consumer without an assignment. One is kept, because a new one that needs a token takes a second."""
        idle = self._idle.setdefault((group, ends), [])
        try:
            consumer = idle.pop()
        except IndexError:
            consumer = self.consumer(group, ends=ends)
        try:
            yield consumer
        finally:
            if idle:
                consumer.close()
            else:
                consumer.unassign()
                idle.append(consumer)

    def close(self) -> None:
        """Close the consumers that are kept."""
        for idle in self._idle.values():
            while idle:
                idle.pop().close()

    def admin(self) -> AdminClient:
        """Return an admin client."""
        return self._made(AdminClient, {})

    @contextlib.contextmanager
    def answering(self) -> Iterator[None]:
        """Turn a request without an answer into LogUnavailable; forget older failures after an answer."""
        try:
            yield
        except KafkaException as error:
            raise self.denial(error.args[0]) or self.no_answer() from error
        self._refusal, self._closing, self.chatter.muted = None, False, False

    def denial(self, error: KafkaError) -> LogUnavailable | None:
        """Return the error for a right that the brokers deny to our user; None for any other error of theirs."""
        if error.code() not in _DENIED:
            return None
        user = self._security.username or "this client"
        return LogUnavailable(
            f"the Kafka brokers at {self.brokers} deny {user} a right ({error.str()}); grant it there"
        )

    def no_answer(self) -> LogUnavailable:
        """Return the error with the reason why no broker answers, and the remedy."""
        found = diagnose(self.brokers, self._security, self._refusal, closing=self._closing)
        return LogUnavailable(
            found or f"no Kafka broker answers at {self.brokers}; start one with `make kafka` or check --log"
        )

    def in_vain(self) -> bool:
        """Return whether the settings are certainly wrong, so that waiting for an answer is useless."""
        return bool(diagnose(self.brokers, self._security, self._refusal, closing=False))

    def _made(self, kind: Any, settings: dict[str, Any]) -> Any:
        if self._security.tokens:
            self._security.tokens.get()  # its error has the reason; librdkafka's error has none
        try:
            return kind(self._common | settings)
        except KafkaException as error:
            raise LogUnusable(f"the client of Kafka does not take its settings: {error.args[0].str()}") from None

    def _on_error(self, error: KafkaError) -> None:
        if error.code() == KafkaError._AUTHENTICATION:
            self._refusal = error
            if self._security.tokens:
                self._security.tokens.expire()  # it may have been revoked
        elif error.code() == KafkaError._ALL_BROKERS_DOWN:
            self._closing = True

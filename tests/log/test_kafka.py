"""Only Kafka may be away, and only its readers share partitions."""

import logging
import os
import socket
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource

from deploy.java import StartError
from deploy.kafka import start
from log import kafka_topics
from log.kafka import KafkaLog
from log.kafka_clients import Chatter
from log.protocol import LogUnavailable
from schemas.topics import HOSTS, PROCESSES


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def test_no_broker_is_one_sentence_within_ten_seconds(
    unused_port: int, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_topics, "ANSWER_SECONDS", 1.0)
    start = time.monotonic()

    with pytest.raises(LogUnavailable) as caught:
        KafkaLog(f"127.0.0.1:{unused_port}")

    assert str(caught.value) == (
        f"no Kafka broker answers at 127.0.0.1:{unused_port}; start one with `make kafka` or check --log"
    )
    assert time.monotonic() - start < 5
    assert capfd.readouterr().err == ""


def test_messages_of_librdkafka_are_logged_seldom(caplog: pytest.LogCaptureFixture) -> None:
    chatter = Chatter()

    with caplog.at_level(logging.DEBUG):
        chatter.log(logging.ERROR, "before the first contact")
        chatter.muted = False
        for _ in range(100):
            chatter.log(logging.WARNING, "connection %s", "refused")
            chatter.log(logging.INFO, "disconnected")

    assert [record.getMessage() for record in caplog.records] == ["connection refused"]


@pytest.fixture(params=["kafka"])
def place(place: Any) -> Any:
    """Run with Kafka only: the parameter replaces those of the fixture of this name."""
    return place


def test_readers_of_a_group_share_the_partitions_and_inherit_them(
    place: Any, log: KafkaLog, unique: Callable[[], str]
) -> None:
    topic, group = place.topic(log), unique()
    one, two = place.reader(log, topic, group), place.reader(log, topic, group)

    def wait_for(*partitions: int) -> None:
        deadline = time.monotonic() + 30
        while tuple(sorted((len(one.lag()), len(two.lag())))) != partitions:
            assert time.monotonic() < deadline
            one.poll(0.1, 1)
            two.poll(0.1, 1)

    wait_for(2, 2)
    assert not one.lag().keys() & two.lag().keys()

    place.opened.remove(two)
    two.close()

    deadline = time.monotonic() + 30
    while len(one.lag()) < 4:
        assert time.monotonic() < deadline
        one.poll(0.1, 1)


def test_topics_get_their_retention_compaction_and_size(place: Any, log: KafkaLog) -> None:
    if place.name == "mock":
        pytest.skip("librdkafka's mock cluster keeps no topic settings; Apache Kafka does")
    topics = [
        replace(PROCESSES, name=place.topic(log).name + "-kept", retention_ms=12345),
        replace(HOSTS, name=place.topic(log).name + "-compacted", max_bytes=1 << 20),
    ]
    log.create(topics)

    admin = AdminClient({"bootstrap.servers": place.url.removeprefix("kafka://")})
    resources = [ConfigResource(ConfigResource.Type.TOPIC, topic.name) for topic in topics]
    kept, compacted = [
        {name: entry.value for name, entry in found.result(10).items()}
        for found in admin.describe_configs(resources).values()
    ]
    assert kept["retention.ms"] == "12345"
    assert kept["retention.bytes"] == str(PROCESSES.retention_bytes)
    assert kept["cleanup.policy"] == "delete"
    assert int(kept["max.message.bytes"]) > PROCESSES.max_bytes
    assert compacted["cleanup.policy"] == "compact"
    assert 1 << 20 < int(compacted["max.message.bytes"]) < 2 << 20


@pytest.mark.slow
def test_records_appended_while_the_broker_is_away_arrive_once_and_in_order(
    tmp_path: Path,
) -> None:
    try:
        broker = start(0, tmp_path)
    except StartError as error:
        if os.environ.get("SERVICEMAP_TEST_REAL_KAFKA") == "required":
            raise
        pytest.skip(f"a mock cluster cannot be restarted: {error}")
    topic = replace(PROCESSES, partitions=1)
    with closing(KafkaLog(broker.address)) as log:
        log.create([topic])
        for number in range(100):
            log.append(topic.name, b"key", b"%d" % number)
            if number == 20:
                log.flush()
                broker.kill()
        with pytest.raises(LogUnavailable, match="no Kafka broker answers"):
            log.flush(0.5)

        with start(int(broker.address.split(":")[1]), tmp_path):
            log.flush()

            records = list(log.read(topic.name, 0, 0, 1000))
    assert [record.value for record in records] == [b"%d" % number for number in range(100)]


def test_a_group_has_no_lag_in_a_partition_whose_last_records_were_deleted(
    place: Any, log: KafkaLog, unique: Callable[[], str]
) -> None:
    if place.name == "mock":
        pytest.skip("librdkafka's mock cluster deletes no records; Apache Kafka does")
    topic, group = place.topic(log), unique()
    for _ in range(3):
        log.append(topic.name, b"key", b"value", partition=0)
    log.flush()
    admin = AdminClient({"bootstrap.servers": place.url.removeprefix("kafka://")})
    (deleted,) = admin.delete_records([TopicPartition(topic.name, 0, 3)]).values()
    deleted.result(10)
    reader = place.reader(log, topic, group)
    reader.seek(topic.name, 0, 1)

    deadline = time.monotonic() + 30
    while reader.lag().get((topic.name, 0)) != 0 or log.committed(group, topic.name, 0) != 3:
        assert time.monotonic() < deadline
        assert reader.poll(0.1, 10) == []
        reader.commit()

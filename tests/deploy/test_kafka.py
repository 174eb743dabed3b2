import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from deploy.java import StartError, jars_of
from deploy.kafka import CACHE, POM, Broker, start
from tests.conftest import Kafka

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def obtainable() -> None:
    """Apache Kafka's jars are here or can be fetched."""
    try:
        jars_of(POM, CACHE)
    except StartError as error:
        if os.environ.get("SERVICEMAP_TEST_REAL_KAFKA") == "required":
            raise
        pytest.skip(str(error))


def create(address: str, topic: str) -> None:
    client = AdminClient({"bootstrap.servers": address})
    client.create_topics([NewTopic(topic, num_partitions=1)])[topic].result(30)


def produce(address: str, topic: str, values: list[bytes]) -> None:
    producer = Producer({"bootstrap.servers": address, "message.max.bytes": 16_000_000})
    for value in values:
        producer.produce(topic, value)
    assert producer.flush(30) == 0


def consume(address: str, topic: str, count: int) -> list[bytes]:
    consumer = Consumer({"bootstrap.servers": address, "group.id": "test", "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    try:
        return [message.value() for message in consumer.consume(count, timeout=30)]
    finally:
        consumer.close()


@pytest.mark.usefixtures("obtainable")
def test_topics_and_group_offsets_survive_a_killed_broker(tmp_path: Path) -> None:
    with start(data=tmp_path) as broker:
        create(broker.address, "facts")
        produce(broker.address, "facts", [b"first", b"second"])
        assert consume(broker.address, "facts", 1) == [b"first"]
        broker.kill()

    with start(data=tmp_path) as broker:
        assert consume(broker.address, "facts", 1) == [b"second"]


@pytest.fixture(scope="module")
def broker(obtainable: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with start(data=tmp_path_factory.mktemp("broker")) as broker:
        yield broker


def test_a_message_of_fifteen_mebibytes_passes_in_a_small_heap(broker: Broker) -> None:
    create(broker.address, "large")
    produce(broker.address, "large", [b"x" * 15 * 2**20])

    (value,) = consume(broker.address, "large", 1)

    assert len(value) == 15 * 2**20
    assert psutil.Process(broker.process.pid).memory_info().rss < 512 * 2**20


def test_a_data_folder_in_use_is_refused_and_the_broker_that_uses_it_goes_on(broker: Broker) -> None:
    with pytest.raises(StartError, match=r"another Kafka runs on .*: stop it or choose"):
        start(data=broker.log.parent)

    create(broker.address, "facts")


def test_the_kafka_of_the_tests_carries_records(kafka: Kafka) -> None:
    if kafka.real:
        create(kafka.address, "carried")
    produce(kafka.address, "carried", [b"fact"])

    assert consume(kafka.address, "carried", 1) == [b"fact"]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder for one command after the other."""
    return tmp_path_factory.mktemp("command")


@pytest.fixture
def command(obtainable: None, data: Path) -> Iterator[subprocess.Popen[str]]:
    arguments = [sys.executable, "-m", "deploy.kafka", "--port=0", f"--data={data}"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        yield process
        process.kill()


def ready_line(command: subprocess.Popen[str]) -> str:
    assert command.stdout is not None
    return command.stdout.readline()


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_the_command_prints_one_line_when_ready_and_ends_cleanly(
    command: subprocess.Popen[str], ending: signal.Signals
) -> None:
    line = ready_line(command)
    (java,) = psutil.Process(command.pid).children()

    command.send_signal(ending)
    rest, _ = command.communicate(timeout=60)

    assert line.startswith("Kafka is ready on 127.0.0.1:")
    assert (command.returncode, rest) == (0, "")
    assert not java.is_running()


def test_a_killed_command_leaves_no_broker_behind(command: subprocess.Popen[str]) -> None:
    ready_line(command)
    (java,) = psutil.Process(command.pid).children()

    command.kill()

    java.wait(timeout=60)


def test_a_busy_port_is_reported_in_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(StartError) as refused:
            start(port, tmp_path)

    assert str(refused.value) == (
        f"port {port} on 127.0.0.1 cannot be had (Address already in use): "
        "stop what listens there or choose another with --port"
    )

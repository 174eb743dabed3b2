import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from confluent_kafka import Producer

from deploy.java import StartError
from deploy.kafka import start


@dataclass(frozen=True)
class Kafka:
    """A Kafka for tests. A real one must be told to create topics; librdkafka's mock cannot be
    told (it makes any topic on first use, with 4 partitions)."""

    address: str
    real: bool


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """One Kafka for the session: SERVICEMAP_TEST_KAFKA=host:port, else a local Apache Kafka, else
    librdkafka's mock cluster, unless SERVICEMAP_TEST_REAL_KAFKA=required."""
    given = os.environ.get("SERVICEMAP_TEST_KAFKA")
    if given:
        yield Kafka(given, real=True)
        return
    try:
        broker = start(0, tmp_path_factory.mktemp("kafka"))
    except StartError:
        if os.environ.get("SERVICEMAP_TEST_REAL_KAFKA") == "required":
            raise
        yield from _mock_kafka()
        return
    with broker:
        yield Kafka(broker.address, real=True)


def _mock_kafka() -> Iterator[Kafka]:
    # The cluster lives as long as this client.
    client = Producer({"test.mock.num.brokers": 1, "log_level": 0})
    (broker,) = client.list_topics(timeout=10).brokers.values()
    yield Kafka(f"{broker.host}:{broker.port}", real=False)
    del client

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from confluent_kafka import Producer

from deploy.java import StartError
from deploy.kafka import start

FIRST = ("e2e", "replay", "kafka", "view")  # what takes longest, so that no worker ends with it alone


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep tests that share servers on one worker: those of a folder, and of end-to-end tests those of a file."""

    def folder(item: pytest.Item) -> str:
        return item.path.relative_to(Path(__file__).parent).parts[0]

    for item in items:
        item.add_marker(pytest.mark.xdist_group(str(item.path) if folder(item) == "e2e" else folder(item)))
    items.sort(key=lambda item: FIRST.index(folder(item)) if folder(item) in FIRST else len(FIRST))


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

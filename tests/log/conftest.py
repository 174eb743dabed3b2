import itertools
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from confluent_kafka import Producer

from log.open import open_log
from log.protocol import Log, LogError, Reader
from schemas.topics import PROCESSES, Topic

_numbers = itertools.count()


@dataclass
class Place:
    """The place of a log, and the logs that were opened there."""

    url: str
    name: str  # local, kafka or mock
    opened: list[Log | Reader] = field(default_factory=list)

    def open(self) -> Log:
        log = open_log(self.url)
        self.opened.append(log)
        return log

    def reader(self, log: Log, topic: Topic, group: str | None) -> Reader:
        reader = log.reader([topic.name], group)
        self.opened.append(reader)
        return reader

    def topic(self, log: Log, partitions: int = 4, max_bytes: int = 1 << 20) -> Topic:
        """Create a topic for one test. librdkafka's mock makes any topic that it meets, with 4 partitions."""
        topic = replace(PROCESSES, name=f"test-{next(_numbers)}", partitions=partitions, max_bytes=max_bytes)
        if self.name == "mock":
            Producer({"bootstrap.servers": self.url.removeprefix("kafka://")}).list_topics(topic.name, timeout=10)
            topic = replace(topic, partitions=4)
        log.create([topic])
        return topic

    def close(self) -> None:
        for thing in reversed(self.opened):
            with suppress(LogError):
                thing.close()


@pytest.fixture(params=["local", "kafka"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "local":
        place = Place(str(tmp_path / "test.log"), "local")
    else:
        kafka = request.getfixturevalue("kafka")
        place = Place(f"kafka://{kafka.address}", "kafka" if kafka.real else "mock")
    yield place
    place.close()


@pytest.fixture
def log(place: Place) -> Log:
    return place.open()


@pytest.fixture
def unique() -> Callable[[], str]:
    return lambda: f"group-{next(_numbers)}"

import os
import signal
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

from deploy.java import StartError
from deploy.kafka import start
from servicemap.config import PREFIX
from tests.process_state import process_state_kept

# A shared machine pauses: how long an example takes shows nothing.
settings.register_profile("unhurried", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

# What takes longest, so that no worker ends with it alone.
FIRST = ("truth", "e2e", "replay", "view", "queries", "kafka", "dashboards", "demo", "deploy", "rollups", "log")


def pytest_configure() -> None:
    """Let Ctrl-C reach what the tests start: a shell starts what it runs in the background without it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    _forget_settings()


def _forget_settings() -> None:
    # What whoever starts the tests has set, and the programs of this machine, must not reach the agents of tests.
    for name in [*os.environ]:
        if name.startswith(PREFIX) and not name.startswith(f"{PREFIX}TEST_"):
            del os.environ[name]
    os.environ[f"{PREFIX}COLLECTORS__DISCOVER"] = ""


def _folder(nodeid: str) -> str:
    return nodeid.split("::")[0].split("/")[1]


class Folders(LoadScopeScheduling):  # type: ignore[misc]  # it is not typed
    """Keeps tests that share servers on one worker: those of a folder, and of end-to-end tests those of a file."""

    def _split_scope(self, nodeid: str) -> str:
        folder = _folder(nodeid)
        return nodeid.split("::")[0] if folder == "e2e" else folder


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Folders:
    """Print which worker runs what."""
    return Folders(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest."""
    folders = [_folder(item.nodeid) for item in items]
    order = {folder: FIRST.index(folder) if folder in FIRST else len(FIRST) for folder in folders}
    items.sort(key=lambda item: order[_folder(item.nodeid)])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    """Restore what a test, and each fixture that it is the first or the last to use, sets in the process."""
    with process_state_kept():
        return (yield)


@pytest.fixture(scope="session")
def fuzz_factor() -> int:
    """How many times its share of the suite a test marked `fuzz` tries."""
    return int(os.environ.get("SERVICEMAP_TEST_FUZZ", "1"))


@dataclass(frozen=True)
class Kafka:
    """A Kafka for tests. A real one creates topics on request; librdkafka's mock
    cannot (it makes any topic on first use, with 4 partitions)."""

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
    yield from _new_kafka(tmp_path_factory.mktemp("kafka"))


@pytest.fixture
def own_kafka(tmp_path: Path) -> Iterator[Kafka]:
    """One Kafka for a test that runs the whole pipeline, which has one set of topics; real, or a mock cluster."""
    yield from _new_kafka(tmp_path / "kafka")


def _new_kafka(folder: Path) -> Iterator[Kafka]:
    try:
        broker = start(0, folder)
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

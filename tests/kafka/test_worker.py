"""`servicemap work` on a real Kafka of its own: brokers that go away, large records, signals."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from deploy.java import StartError
from deploy.kafka import Broker, start
from log.protocol import Log, LogUnavailable
from schemas import topics
from servicemap.config import load
from servicemap.connect import connect_log

pytestmark = pytest.mark.slow

GROUP = "servicemap-attribute"
HASTY = "from log import kafka_topics; kafka_topics.ANSWER_SECONDS = 1.0; from servicemap.cli import main; main()"


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    try:
        started = start(0, tmp_path_factory.mktemp("kafka"))
    except StartError as error:
        if os.environ.get("SERVICEMAP_TEST_REAL_KAFKA") == "required":
            raise
        pytest.skip(str(error))
    with started:
        yield started


@pytest.fixture
def log(broker: Broker) -> Iterator[Log]:
    with closing(connect_log(load(flags={"log.url": f"kafka://{broker.address}"}))) as log:
        wait_until(lambda: all(end(log, topic.name) >= 0 for topic in topics.ALL))  # new topics have no leader yet
        yield log


@contextmanager
def worker(
    address: str, folder: Path, program: Sequence[str] = ("-m", "servicemap")
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a worker in a folder; its stderr goes into a file beside that."""
    folder.mkdir()
    command = [sys.executable, *program, "work", "--log", f"kafka://{address}"]
    with folder.with_suffix(".err").open("wb") as printed:
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stderr=printed)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for a condition; a broker that does not answer does not meet it."""
    until = time.monotonic() + seconds
    while True:
        with suppress(LogUnavailable):
            if condition():
                return
        assert time.monotonic() < until, "it takes too long"
        time.sleep(0.1)


def end(log: Log, topic: str) -> int:
    return sum(log.bounds(topic, partition).end for partition in range(4))


def committed(log: Log) -> int:
    return sum(log.committed(GROUP, topics.CONNECTIONS.name, partition) or 0 for partition in range(4))


def test_the_largest_record_is_read_and_a_signal_ends_the_worker_cleanly(
    broker: Broker, log: Log, tmp_path: Path
) -> None:
    before = end(log, topics.DEAD_LETTERS.name)
    log.append(topics.CONNECTIONS.name, b"host", b"[" * topics.CONNECTIONS.max_bytes)
    log.append(topics.CONNECTIONS.name, b"host", b"not JSON")
    log.append(topics.CONNECTIONS.name, b"host", None)
    log.flush()
    with worker(broker.address, tmp_path / "work") as process:
        wait_until(lambda: end(log, topics.DEAD_LETTERS.name) == before + 3)
        process.terminate()
        signalled = time.monotonic()
        assert process.wait(15) == 0
        assert time.monotonic() - signalled < 10

    assert committed(log) == end(log, topics.CONNECTIONS.name)
    assert {info.name for info in log.topics()} == {topic.name for topic in topics.ALL}  # none of Faust's own
    assert not list((tmp_path / "work").iterdir())


def test_a_worker_goes_on_when_a_broker_that_was_away_is_back(broker: Broker, log: Log, tmp_path: Path) -> None:
    port = int(broker.address.rpartition(":")[2])
    with worker(broker.address, tmp_path / "work") as process:
        log.append(topics.CONNECTIONS.name, b"host", b"before")
        log.flush()
        wait_until(lambda: committed(log) == end(log, topics.CONNECTIONS.name))
        letters = end(log, topics.DEAD_LETTERS.name)
        broker.kill()
        log.append(topics.CONNECTIONS.name, b"host", b"meanwhile")
        with start(port, broker.log.parent):
            log.flush()
            wait_until(lambda: end(log, topics.DEAD_LETTERS.name) > letters)
            wait_until(lambda: committed(log) == end(log, topics.CONNECTIONS.name))
            assert process.poll() is None
    assert len((tmp_path / "work.err").read_text().splitlines()) < 20


def test_a_broker_that_never_answered_is_one_sentence(tmp_path: Path) -> None:
    with worker("127.0.0.1:1", tmp_path / "work", ["-c", HASTY]) as process:
        assert process.wait(30) == 1

    printed = (tmp_path / "work.err").read_text().splitlines()
    assert (
        printed[-1] == "servicemap: no Kafka broker answers at 127.0.0.1:1; start one with `make kafka` or check --log"
    )

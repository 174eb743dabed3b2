"""Parts of the pipeline as processes of their own, on any log, and when they have done their work."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from log.protocol import Log
from schemas import topics
from schemas.topics import BY_NAME, Topic
from servicemap.config import load
from servicemap.connect import connect_log
from servicemap.parts import STORE_GROUP
from sinks.address import Address
from sinks.store import Store
from sinks.tables import TOPICS
from tests.e2e.simulate import Record

STEPS: tuple[tuple[str, Sequence[Topic]], ...] = (
    ("servicemap-attribute", topics.RAW),
    ("servicemap-pair", (topics.SIDES,)),
    (STORE_GROUP, tuple(BY_NAME[name] for name in TOPICS)),
)


@contextmanager
def running_store(folder: Path) -> Iterator[Store]:
    """Run an embedded store on any ports."""
    command = ["sinks.embedded", "--data", str(folder), "--native-port", "0", "--http-port", "0"]
    with running(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        ready = process.stdout.readline().decode()
        port = int(ready.split("native=")[1].split()[0])
        address = Address("127.0.0.1", port, "servicemap", (folder / "store.token").read_text().strip(), "default")
        with closing(Store(address)) as store:
            yield store


def opened(url: str) -> Log:
    return connect_log(load(flags={"log.url": url}))


def append(log: Log, records: Sequence[Record]) -> None:
    for record in records:
        log.append(record.topic, record.key, record.value, timestamp=record.timestamp)
    log.flush()


def command(part: str, log: str, store: Store, database: str) -> list[str]:
    at = store.address
    url = f"clickhouse://{at.user}:{at.password}@{at.host}:{at.port}/{database}"
    return ["servicemap", part, "--log", log, "--store", url]


@contextmanager
def running(command: Sequence[str], stdout: int | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """Run a module until the end of the block; it ends well if it was not killed."""
    process = subprocess.Popen([sys.executable, "-m", *command], stdin=subprocess.DEVNULL, stdout=stdout)
    try:
        yield process
    finally:
        process.terminate()
        code = process.wait(30)
        if process.stdout is not None:
            process.stdout.close()
    assert code in {0, -signal.SIGKILL}, f"{command[1]} ended with {code}"


def passed(log: Log, group: str, read: Sequence[Topic]) -> int:
    """Count the records that a group has read."""
    return sum(log.committed(group, *place) or 0 for place in places(log, read))


def done(log: Log, steps: Sequence[tuple[str, Sequence[Topic]]] = STEPS) -> bool:
    """Return whether the groups have read all of their topics, in order, because each writes for the next."""
    return all(
        (log.committed(group, *place) or 0) >= log.bounds(*place).end
        for group, read in steps
        for place in places(log, read)
    )


def places(log: Log, read: Sequence[Topic]) -> list[tuple[str, int]]:
    partitions = {info.name: info.partitions for info in log.topics()}
    return [(topic.name, partition) for topic in read for partition in range(partitions[topic.name])]


def wait_until(condition: Callable[[], bool], seconds: float = 250) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.2)

"""One pipeline runs in two ways. A recorded hour gives the same tables through both, whatever is killed meanwhile."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from random import Random

import pytest

from log.protocol import Log
from schemas import topics
from schemas.times import HOUR_MS
from schemas.topics import BY_NAME, Topic
from servicemap.config import load
from servicemap.connect import connect_log
from servicemap.parts import STORE_GROUP
from sinks.address import Address
from sinks.store import Store
from sinks.tables import TOPICS
from tests.conftest import Kafka
from tests.e2e.simulate import Record, disturbed, recorded

pytestmark = pytest.mark.slow

STEPS: tuple[tuple[str, Sequence[Topic]], ...] = (
    ("servicemap-attribute", topics.RAW),
    ("servicemap-pair", (topics.SIDES,)),
    (STORE_GROUP, tuple(BY_NAME[name] for name in TOPICS)),
)
TABLES = ("edges", "requests", "nodes", "places", "events", "process_usage", "host_usage")


@pytest.fixture(scope="module")
def hour() -> list[Record]:
    """Return the latest complete hour from half past. It is recent enough to be kept, and spans two hours."""
    half_past = int(time.time() * 1000) // HOUR_MS * HOUR_MS - HOUR_MS // 2
    return recorded(half_past - HOUR_MS, Random(1))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("store")
    command = ["sinks.embedded", "--data", str(folder), "--native-port", "0", "--http-port", "0"]
    with running(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        ready = process.stdout.readline().decode()
        port = int(ready.split("native=")[1].split()[0])
        address = Address("127.0.0.1", port, "servicemap", (folder / "store.token").read_text().strip(), "default")
        with closing(Store(address)) as store:
            yield store


@pytest.mark.timeout(600)  # three runs of an hour: a minute alone, many where others keep the processors
def test_a_recorded_hour_gives_the_same_tables_through_the_loop_and_through_faust(
    hour: list[Record], store: Store, kafka: Kafka, tmp_path: Path
) -> None:
    one_machine(tmp_path / "log", hour, store, "loop")
    one_machine(tmp_path / "other", disturbed(hour, Random(2)), store, "disturbed")
    assert differences(store, "loop", "disturbed") == {}

    if not kafka.real:
        pytest.skip("librdkafka's mock makes topics as it likes; a real Kafka needs Java and Maven")
    url = f"kafka://{kafka.address}"
    with closing(opened(url)) as log, ExitStack() as running_parts:
        append(log, hour)

        def start(part: str) -> subprocess.Popen[bytes]:
            return running_parts.enter_context(running(command(part, url, store, "faust")))

        doomed, _, sink = start("work"), start("work"), start("sink")
        wait_until(lambda: passed(log, *STEPS[0]) > len(hour) // 4)
        doomed.kill()
        wait_until(lambda: passed(log, *STEPS[2]) > len(hour) // 2)
        sink.kill()
        start("sink")
        wait_until(lambda: done(log))
        assert differences(store, "loop", "faust") == {}

        append(log, disturbed(hour, Random(3)))
        wait_until(lambda: done(log))
        assert differences(store, "loop", "faust") == {}


def one_machine(path: Path, records: Sequence[Record], store: Store, database: str) -> None:
    """Run records through a local log, its loop and a sink, which flushes its rows when it ends."""
    with closing(opened(str(path))) as log:
        append(log, records)
        with (
            running(command("work", str(path), store, database)),
            running(command("sink", str(path), store, database)),
        ):
            wait_until(lambda: done(log, STEPS[:2]))
        assert done(log)


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


def differences(store: Store, one: str, other: str) -> dict[str, list[object]]:
    """Return some rows of each table that are in only one of two databases."""
    found: dict[str, list[object]] = {}
    for table in TABLES:
        rows = [f"SELECT * FROM {database}.{table} FINAL" for database in (one, other)]
        assert store.query(f"SELECT count() FROM ({rows[0]})") > [(0,)]
        for here, there in (rows, rows[::-1]):
            found.setdefault(table, []).extend(store.query(f"SELECT * FROM ({here} EXCEPT {there}) LIMIT 3"))
    return {table: rows for table, rows in found.items() if rows}

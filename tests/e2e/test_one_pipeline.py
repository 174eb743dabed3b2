"""One pipeline runs in two ways. A recorded hour gives the same tables through both, whatever is killed meanwhile."""

import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from random import Random

import pytest

from schemas.times import HOUR_MS
from sinks.store import Store
from tests.conftest import Kafka
from tests.e2e.pipelines import STEPS, append, command, done, opened, passed, running, running_store, wait_until
from tests.e2e.simulate import Record, disturbed, recorded

pytestmark = pytest.mark.slow

TABLES = ("edges", "requests", "nodes", "places", "events", "process_usage", "host_usage")


@pytest.fixture(scope="module")
def hour() -> list[Record]:
    """Return the latest complete hour from half past. It is recent enough to be kept, and spans two hours."""
    half_past = int(time.time() * 1000) // HOUR_MS * HOUR_MS - HOUR_MS // 2
    return recorded(half_past - HOUR_MS, Random(1))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with running_store(tmp_path_factory.mktemp("store")) as store:
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


def differences(store: Store, one: str, other: str) -> dict[str, list[object]]:
    """Return some rows of each table that are in only one of two databases."""
    found: dict[str, list[object]] = {}
    for table in TABLES:
        rows = [f"SELECT * FROM {database}.{table} FINAL" for database in (one, other)]
        assert store.query(f"SELECT count() FROM ({rows[0]})") > [(0,)]
        for here, there in (rows, rows[::-1]):
            found.setdefault(table, []).extend(store.query(f"SELECT * FROM ({here} EXCEPT {there}) LIMIT 3"))
    return {table: rows for table, rows in found.items() if rows}

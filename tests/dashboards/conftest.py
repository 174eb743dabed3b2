"""A store that holds eleven minutes of a recorded hour, and one that holds nothing; both asked as Grafana asks."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from clickhouse_driver import Client

from servicemap.config import Config, load
from servicemap.parts import store_address
from servicemap.retention.noting import note
from servicemap.retention.reading import kept_by
from sinks.reconcile import reconcile
from sinks.rollup import Rollup
from sinks.store import Store, create_database
from tests.dashboards.plugin import Asked
from tests.dashboards.world import enriched
from tests.e2e.simulate import WIDTH
from tests.replay.conftest import FIRST, LAST, base_time, opened, stretch

SILENT, SILENT_WINDOWS = "db", 20


ENDS = "a_scope, a_address, a_port, b_scope, b_address, b_port"
REQUESTS = f"""
INSERT INTO requests (window, transport, width_ms, end, sampling, answered, latency, unanswered, {ENDS})
SELECT
    window, transport, width_ms, verdict % 2, 1, map('GET 2xx', 9, 'POST 5xx', 1), map(600, 9, 700, 1), 1, {ENDS}
FROM edges FINAL WHERE a_port = 8000 OR b_port = 8000
UNION ALL
SELECT window, transport, width_ms, verdict % 2, 1, map('GET 2xx', 5), map(600, 5), 0, {ENDS}
FROM edges FINAL WHERE a_port = 6379 OR b_port = 6379
"""


@dataclass(frozen=True)
class Answer:
    """What the server answered: names and types of the columns, and the rows."""

    types: dict[str, str]
    rows: list[tuple[Any, ...]]

    def column(self, name: str) -> list[Any]:
        at = list(self.types).index(name)
        return [row[at] for row in self.rows]

    def dicts(self) -> list[dict[str, Any]]:
        return [dict(zip(self.types, row, strict=True)) for row in self.rows]


@dataclass(frozen=True)
class Recorded:
    """A store and the range (ms) that it holds something of, from a whole minute on."""

    client: Client
    start: int
    end: int

    def ask(self, raw: str, values: dict[str, str], interval: int = 60) -> Answer:
        """Ask as Grafana does."""
        sql = Asked(self.start, self.end, interval, values).sql(raw)
        rows, columns = self.client.execute(sql, with_column_types=True)
        return Answer(dict(columns), rows)

    def sql(self, text: str) -> Sequence[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = self.client.execute(text)
        return rows


@contextmanager
def running_store(data: Path) -> Iterator[Config]:
    command = ["-m", "sinks.embedded", "--data", str(data / "store"), "--native-port", "0", "--http-port", "0"]
    with subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline().startswith(b"ready")
            yield load(environment={}, flags={"data": str(data)})
        finally:
            process.terminate()


def reader(data: Path, database: str) -> Client:
    facts = json.loads((data / "store" / "store.json").read_text())
    return Client("127.0.0.1", port=facts["native_port"], database=database)


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("dashboards")


@pytest.fixture(scope="session")
def config(data: Path) -> Iterator[Config]:
    with running_store(data) as config:
        yield config


def measured(start: int) -> dict[str, list[Any]]:
    """Return what two sinks reported about the first five minutes."""
    measures = ("facts_late", "edges_late", "dead_letters", "refused", "store_retries")
    rows = [
        (start + minute * 60_000, each, sink, 3.0)
        for minute in range(5)
        for each in measures
        for sink in ("one", "two")
    ]
    return dict(zip(("minute", "measure", "sink", "value"), map(list, zip(*rows, strict=True)), strict=True))


@pytest.fixture(scope="session")
def recorded(data: Path, config: Config) -> Iterator[Recorded]:
    base = base_time()
    start, end = (base + FIRST * WIDTH) // 60_000 * 60_000, base + LAST * WIDTH
    records = list(enriched(stretch(base), SILENT, end - SILENT_WINDOWS * WIDTH))
    with closing(opened(config, records)) as live:
        live.go_on()
        live.store.query(REQUESTS)
        rollup = Rollup(live.store)
        rollup.resume()
        rollup.roll_up()
        live.store.insert("pipeline", measured(start))
        note(live.store, kept_by(live.config, live.store, live.log), end)
    with reader(data, "servicemap") as client:
        yield Recorded(client, start, end)


@pytest.fixture(scope="session")
def empty(data: Path, config: Config) -> Iterator[Recorded]:
    """A database with all tables and no rows."""
    address = store_address(config, write=True)._replace(database="empty")
    create_database(address)
    with closing(Store(address)) as store:
        reconcile(store)
    base = base_time()
    with reader(data, "empty") as client:
        yield Recorded(client, base, base + 600_000)

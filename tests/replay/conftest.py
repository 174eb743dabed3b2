import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest

from log.connect import partitions_of
from log.protocol import Log
from schemas.times import HOUR_MS
from servicemap.config import Config, load
from servicemap.connect import connect_log
from servicemap.parts import STORE_GROUP as GROUP
from servicemap.parts import group_of, stages, store_address
from servicemap.replaying import Outcome, Progress, replay
from servicemap.sinking import bury
from sinks.reconcile import reconcile
from sinks.sink import Sink
from sinks.store import Store, create_database
from sinks.tables import TOPICS
from streams.loop import Loop
from tests.e2e.simulate import WIDTH, Record, recorded

TABLES = {
    "edges": "window",
    "requests": "window",
    "nodes": "seen",
    "events": "time",
    "process_usage": "window",
    "host_usage": "window",
}
FIRST, LAST = 260, 390  # windows of the recorded hour that are logged; an agent is away from 300 to 309


@dataclass
class Live:
    """The pipeline of one machine, whose folds and sink run only on request."""

    config: Config
    log: Log
    store: Store
    records: list[Record]
    _loop: Any = field(init=False)

    def __post_init__(self) -> None:
        folds = stages(self.config, partitions_of(self.log))
        pairs = [(one, self.log.reader([topic.name for topic in one.reads], group_of(one))) for one in folds]
        self._loop = Loop(self.log, pairs)
        self._readers = [reader for _, reader in pairs]
        self._tail = self.log.reader(TOPICS, GROUP)
        self._sink = Sink(self.store, lambda record, reason: bury(self.log, record, reason))

    def append(self, count: int | None = None) -> None:
        """Log the next records, or all that are left."""
        count = len(self.records) if count is None else count
        for record in self.records[:count]:
            self.log.append(record.topic, record.key, record.value, timestamp=record.timestamp)
        del self.records[:count]
        self.log.flush()

    def fold(self) -> None:
        """Fold what is logged."""
        self._loop.run(lambda: True)

    def sink(self) -> None:
        """Store what is folded."""
        while records := self._tail.poll(0, 500):
            for record in records:
                self._sink.add(record)
            self._sink.flush()
            self._tail.commit()

    def go_on(self, count: int | None = None) -> None:
        """Log, fold and store."""
        self.append(count)
        self.fold()
        self.sink()

    def close(self) -> None:
        for reader in (*self._readers, self._tail):
            reader.close()
        self.store.close()
        self.log.close()


def rows(store: Store, span: tuple[int, int] | None = None) -> dict[str, list[tuple[Any, ...]]]:
    """Return the stored rows by table, of a span of time or all."""
    found = {}
    for table, column in TABLES.items():
        where = f"WHERE toUnixTimestamp64Milli({column}) BETWEEN {span[0]} AND {span[1] - 1}" if span else ""
        found[table] = store.query(f"SELECT * FROM {table} FINAL {where} ORDER BY ALL")
    return found


@dataclass
class Past:
    """A recorded stretch in a log, and the store after all of it was folded live."""

    base: int  # ms, start of the first window
    config: Config
    log: Log
    store: Store

    def at(self, window: int) -> int:
        return self.base + window * WIDTH

    def copy(self, name: str, tables: Iterable[str] = TABLES) -> "Past":
        """Return the same, with a database of its own that links to the same rows."""
        original = self.store.address.database
        address = self.store.address._replace(database=name)
        create_database(address)
        store = Store(address)
        reconcile(store)
        for table in tables:
            store.query(f"ALTER TABLE {table} ATTACH PARTITION ALL FROM {original}.{table}")
        url = f"clickhouse://servicemap:{address.secret()}@{address.host}:{address.port}/{name}"
        return Past(self.base, changed(self.config, {"store.url": url}), self.log, store)

    def replay(self, start: int, end: int, *, promote: bool = False, force: bool = False, **more: Any) -> Outcome:
        """Replay a range of windows."""
        return replay(
            more.get("config", self.config),
            self.at(start),
            self.at(end),
            more.get("report", quietly),
            promote=promote,
            force=force,
        )


def quietly(progress: Progress) -> None:
    """Report nothing."""


def changed(config: Config, flags: dict[str, Any]) -> Config:
    """Return the configuration with some keys set."""
    log_url, data = config.log.url, config.data
    return load(environment={}, flags={"data": data, "log.url": log_url, "store.url": config.store.url} | flags)


RENAMED = [{"service": "shop", "program": "api"}, {"service": "zoo", "program": "redis-server"}]


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data directory with a running store."""
    folder = tmp_path_factory.mktemp("data")
    command = ["-m", "sinks.embedded", "--data", str(folder / "store"), "--native-port", "0", "--http-port", "0"]
    with subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline().startswith(b"ready")
            yield folder
        finally:
            process.terminate()


def stretch(base: int) -> list[Record]:
    """Eleven minutes out of the recorded hour, with the end of an hour in them (window 360)."""
    ends = [base + (window + 1) * WIDTH for window in (FIRST, LAST)]
    return [record for record in recorded(base, Random(1)) if ends[0] <= record.timestamp < ends[1]]


def base_time() -> int:
    """Half past some hour, over an hour ago: the recorded hour spans two, and tables and logs keep what is recent."""
    return int(time.time() * 1000) // HOUR_MS * HOUR_MS - HOUR_MS - HOUR_MS // 2


@pytest.fixture(scope="session")
def past(data: Path) -> Iterator[Past]:
    """The recorded hour, folded live."""
    base = base_time()
    config = load(environment={}, flags={"data": str(data)})
    live = opened(config, stretch(base))
    with closing(live):
        live.go_on()
        yield Past(base, config, live.log, live.store)


def opened(config: Config, records: list[Record]) -> Live:
    """Return a pipeline that has folded nothing yet."""
    address = store_address(config, write=True)
    create_database(address)
    store = Store(address)
    reconcile(store)
    return Live(config, connect_log(config), store, records)


@pytest.fixture
def copied(past: Past, request: pytest.FixtureRequest) -> Iterator[Past]:
    """A copy of the past that a test may change."""
    copy = past.copy(f"t{abs(hash(request.node.nodeid)):x}")
    with closing(copy.store):
        yield copy
        copy.store.query(f"DROP DATABASE {copy.store.address.database} SYNC")


Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(data: Path) -> Run:
    """The command line."""

    def run(
        past: Past, start: int, end: int, *more: str, file: Path | None = None
    ) -> "subprocess.CompletedProcess[str]":
        span = ["--from", f"@{past.at(start) / 1000}", "--to", f"@{past.at(end) / 1000}"]
        config = ["--config", str(file)] if file else []
        store = ["--store", past.config.store.url] if past.config.store.url else []
        command = [sys.executable, "-m", "servicemap", "replay", "--data", str(data), *store, *config, *span, *more]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    return run


def parsed(done: "subprocess.CompletedProcess[str]") -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    read: dict[str, Any] = json.loads(done.stdout)
    return read

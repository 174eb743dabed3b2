"""A real embedded store for the tests of the command line, filled with the last minute of a small town."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from log.protocol import Record
from schemas.times import HOUR_MS
from servicemap.cli import main
from sinks.address import Address
from sinks.reconcile import reconcile
from sinks.sink import Sink
from sinks.store import Store, create_database
from tests.cli import town

Run = Callable[..., Result]


@dataclass(frozen=True)
class Town:
    """A data directory whose store runs and holds the town, as of a time (ms)."""

    data: Path
    now: int
    native_port: int
    http_port: int


@contextmanager
def running_store(folder: Path) -> Iterator[dict[str, int]]:
    """Run an embedded store on free ports; yields its facts."""
    command = [sys.executable, "-m", "sinks.embedded", "--data", str(folder), "--native-port", "0", "--http-port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline().startswith("ready ")
            yield json.loads((folder / "store.json").read_text())
        finally:
            process.terminate()


def fill(folder: Path, facts: dict[str, int], now: int) -> None:
    """Make the tables and store the town."""
    address = Address("127.0.0.1", facts["native_port"], "servicemap", "", "servicemap", folder / "store.token")
    create_database(address)
    store = Store(address)
    reconcile(store)

    def refused(record: Record, reason: str) -> None:
        raise AssertionError(f"{record.topic}: {reason}")

    sink = Sink(store, refused)
    for record in town.records(now):
        sink.add(record)
    sink.flush()
    store.close()


@pytest.fixture(scope="session")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """The town, an hour ago: what commands show of it does not depend on the time of the test."""
    data = tmp_path_factory.mktemp("data")
    with running_store(data / "store") as facts:
        now = town.end_of(int(time.time() * 1000)) - HOUR_MS
        fill(data / "store", facts, now)
        yield Town(data, now, facts["native_port"], facts["http_port"])


@pytest.fixture(scope="session")
def run(settled: Town) -> Run:
    """Run a command on the town's data directory. The town does not change, so that the same is asked once."""
    runner = CliRunner()

    @cache
    def asked(*arguments: str) -> Result:
        return runner.invoke(main, [*arguments, "--data", str(settled.data)])

    return asked

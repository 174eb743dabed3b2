import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from clickhouse_driver import Client


@dataclass
class Store:
    data: Path
    process: subprocess.Popen[str]
    native_port: int
    http_port: int

    @property
    def token(self) -> str:
        return (self.data / "store.token").read_text()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}/"

    def writer(self, **options: Any) -> Client:
        return Client(
            "127.0.0.1",
            port=self.native_port,
            user="servicemap",
            password=self.token,
            **options,
        )

    def reader(self, **options: Any) -> Client:
        return Client("127.0.0.1", port=self.native_port, **options)

    def end(self, how: signal.Signals) -> int:
        self.process.send_signal(how)
        return self.process.wait(30)


Start = Callable[..., Store]


def _start(data: Path, *arguments: str, before: Sequence[str] = ()) -> Store:
    command = [*before, sys.executable, "-m", "sinks.embedded", "--data", str(data), *arguments]
    process = subprocess.Popen([*command, "--native-port", "0", "--http-port", "0"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline().startswith("ready ")
    facts = json.loads((data / "store.json").read_text())
    return Store(data, process, facts["native_port"], facts["http_port"])


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[Store] = []

    def begin(data: Path, *arguments: str) -> Store:
        started.append(_start(data, *arguments))
        return started[-1]

    yield begin
    for store in started:
        if store.process.poll() is None:
            store.end(signal.SIGKILL)


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    running = _start(tmp_path_factory.mktemp("store") / "data")
    yield running
    running.end(signal.SIGTERM)


@pytest.fixture
def writer(store: Store) -> Iterator[Client]:
    client = store.writer()
    yield client
    client.disconnect()


@pytest.fixture
def reader(store: Store) -> Iterator[Client]:
    client = store.reader()
    yield client
    client.disconnect()

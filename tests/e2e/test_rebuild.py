"""A store with damaged files shows the remedy, and is rebuilt from the log, with `up` or without."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from servicemap.config import Config
from servicemap.parts import store_address, store_directory
from sinks.embedded.folder import DAMAGED, holder
from sinks.store import Store, StoreError
from tests.e2e.running import run, until, up
from tests.e2e.talk import asking, served

pytestmark = pytest.mark.slow

Recorded = tuple[Path, tuple[int, ...]]

HINT = "servicemap store rebuild"
COUNTS = "SELECT " + ", ".join(
    f"(SELECT count() FROM servicemap.{table} FINAL)" for table in ("edges", "nodes", "events")
)


@contextmanager
def _store(data: Path) -> Iterator["subprocess.Popen[str]"]:
    ports = ("--native-port", "0", "--http-port", "0")
    command = [sys.executable, "-m", "sinks.embedded", "--data", str(data / "store"), *ports]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, errors="replace") as process:
        try:
            yield process
        finally:
            process.terminate()


def _counts(data: Path) -> tuple[int, ...]:
    with _store(data) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("ready")
        store = Store(store_address(Config(data=str(data)), write=True))
        try:
            ((edges, nodes, events),) = store.query(COUNTS)
            return edges, nodes, events
        finally:
            store.close()


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """Return a data directory with some seconds of data, in which nothing runs."""
    data = tmp_path_factory.mktemp("recorded") / "data"
    with served("127.0.0.1") as port, asking("127.0.0.1", port, pause=0.05), up(data, "--window", "1s") as running:
        running.until("SELECT count() FROM edges", lambda rows: bool(rows) and rows[0][0] > 5, 120)
        assert running.stop() == 0
    counts = _counts(data)
    assert min(counts) > 0
    return data, counts


def _files(data: Path, pattern: str) -> list[Path]:
    found = sorted(each for each in (data / "store" / "engine" / "store").rglob(pattern) if each.is_file())
    assert found, pattern
    return found


def _flip(file: Path) -> None:
    raw = bytearray(file.read_bytes())
    for at in range(0, len(raw), max(1, len(raw) // 16)):
        raw[at] ^= 0xFF
    file.write_bytes(raw)


def _empty(file: Path) -> None:
    file.write_bytes(b"")


def _garble(file: Path) -> None:
    file.write_bytes(os.urandom(200))


DAMAGES: dict[str, tuple[str, Callable[[Path], None]]] = {
    "tables without a definition": ("edges.sql", _empty),
    "definitions of garbage": ("nodes*.sql", _garble),
    "flipped bytes": ("data.bin", _flip),
    "flipped bytes everywhere": ("*", _flip),
    "no marks": ("*mrk*", Path.unlink),
    "no columns": ("columns.txt", Path.unlink),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_store_is_named_and_rebuilt(
    recorded: tuple[Path, tuple[int, ...]], tmp_path: Path, damage: str
) -> None:
    original, counts = recorded
    data = tmp_path / "data"
    shutil.copytree(original, data, symlinks=True)
    pattern, harm = DAMAGES[damage]
    for file in _files(data, pattern):
        harm(file)

    messages = _messages(data)
    assert HINT in messages, messages
    rebuilt = run("store", "rebuild", "--yes", "--json", "--remove", "--data", str(data))
    assert rebuilt.returncode == 0, rebuilt.stderr
    assert json.loads(rebuilt.stdout)["records"] > 0
    assert [each.name for each in (data / "store").glob("aside-*")] == []
    found = _counts(data)
    assert all(new >= old for new, old in zip(found, counts, strict=True)), (found, counts)


def _messages(data: Path) -> str:
    """Start the store and read everything; return the messages of the store and of its answers."""
    with _store(data) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        if not process.stdout.readline():
            assert process.wait(30) == DAMAGED
            return process.stderr.read()
        store, messages = Store(store_address(Config(data=str(data)), write=True)), ""
        for table in ("edges", "nodes", "events", "host_usage"):
            try:
                store.query(f"SELECT * FROM {table}")
            except StoreError as error:
                messages += f"{error}\n"
        store.close()
        process.terminate()
        return messages + process.stderr.read()


def test_a_damaged_store_stops_no_other_part_and_is_rebuilt_beside_them(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with served("127.0.0.1") as port, asking("127.0.0.1", port, pause=0.05), up(data, "--window", "1s") as running:
        running.until("SELECT count() FROM edges", lambda rows: bool(rows) and rows[0][0] > 5, 120)
        pid = holder(store_directory(Config(data=str(data))))
        for each in _files(data, "edges.sql"):
            each.write_text("garbage")
        os.kill(pid, signal.SIGKILL)
        log = data.with_suffix(".log")
        until(lambda: log.read_text(errors="replace"), lambda text: f"{HINT} --data" in text, 45, "damage to be logged")

        for command in (("map",), ("doctor",)):
            done = run(*command, "--data", str(data))
            assert done.returncode == 1
            assert f"{HINT} --data {data}" in done.stdout + done.stderr
        assert run("store", "rebuild", "--data", str(data)).stderr.count("--yes") == 1
        before = _heartbeats(data)
        until(lambda: _heartbeats(data), lambda now: now > before, 30, "collecting to go on")
        rebuilt = run("store", "rebuild", "--yes", "--data", str(data))
        assert rebuilt.returncode == 0, rebuilt.stderr
        assert "remove it when you no longer need it" in rebuilt.stdout
        newest = running.until("SELECT max(window) FROM edges")[0][0]
        running.until("SELECT max(window) FROM edges", lambda rows: bool(rows) and rows[0][0] > newest)
        running.until("SELECT count() FROM edges WHERE window < now() - 3", lambda rows: rows[0][0] > 5)
        assert running.process.poll() is None
        assert running.stop() == 0
    assert "Traceback" not in log.read_text(errors="replace")


def _heartbeats(data: Path) -> int:
    listed = run("log", "--json", "--data", str(data)).stdout.splitlines()
    return next(int(row["records"]) for row in map(json.loads, listed) if row["topic"] == "heartbeats")


@pytest.mark.parametrize("arguments", [("--store", "clickhouse://127.0.0.1:1"), ("--data", "/nonexistent")])
def test_a_store_that_cannot_be_rebuilt_is_one_sentence(arguments: tuple[str, ...]) -> None:
    refused = run("store", "rebuild", "--yes", *arguments)
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)

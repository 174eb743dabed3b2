"""A command that is asked of the usual place, beside an `up` that runs elsewhere, shows where."""

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from servicemap import running
from servicemap.cli import main
from servicemap.config import Config
from servicemap.connect import connect_log
from servicemap.directory import held
from servicemap.running import Up, elsewhere, noted

COMMANDS = [
    ["map"],
    ["map", "--json"],
    ["map", "--dot", "--at", "1h"],
    ["sql", "SELECT 1"],
    ["view"],
    ["replay", "--from", "2m", "--to", "1m"],
    ["dashboards", "publish", "--url", "http://h"],
    ["log"],
    ["log", "lag"],
    ["log", "read", "heartbeats"],
]


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Notes of the test's own, and a home where nothing is."""
    folder = tmp_path / "notes"
    monkeypatch.setattr(running, "own_folder", lambda: folder)
    monkeypatch.setattr(running, "ROOTS", folder)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    for name in ("SERVICEMAP_DATA", "SERVICEMAP_STORE__URL", "SERVICEMAP_LOG__URL"):
        monkeypatch.delenv(name, raising=False)
    return folder


@contextmanager
def runs(data: Path) -> Iterator[None]:
    """Hold a data directory, as `up` does."""
    with held(data, lambda _: None), noted(Config(data=str(data))):
        yield


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_what_runs_elsewhere_is_named(tmp_path: Path, notes: Path, command: list[str]) -> None:
    with runs(tmp_path / "my data"):
        result = CliRunner().invoke(main, command)

    assert result.exit_code == 1
    assert f"`servicemap up` runs with --data '{tmp_path / 'my data'}': add that" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_an_old_log_is_not_taken_for_that_of_what_runs(tmp_path: Path, notes: Path) -> None:
    connect_log(Config(data=str(tmp_path / "home" / "servicemap"))).close()
    with runs(tmp_path / "x"):
        result = CliRunner().invoke(main, ["log"])

    assert result.exit_code == 0
    assert f"where nothing runs: `servicemap up` runs with --data {tmp_path / 'x'}" in result.stderr


def test_doctor_reports_it(tmp_path: Path, notes: Path) -> None:
    environment = {"SERVICEMAP_STORE__NATIVE_PORT": "0", "SERVICEMAP_STORE__HTTP_PORT": "0"}
    with runs(tmp_path / "x"):
        result = CliRunner(env=environment).invoke(main, ["doctor"])

    assert f"not running; `servicemap up` runs with --data {tmp_path / 'x'}" in result.stdout


def test_several_are_all_named_and_what_has_ended_is_not(tmp_path: Path, notes: Path) -> None:
    with runs(tmp_path / "a"):
        assert str(tmp_path / "a") in elsewhere(Config(data=str(tmp_path / "b")))
        assert elsewhere(Config(data=str(tmp_path / "a"))) == ""
        left = (notes / f"{os.getpid()}.up").read_bytes()
    assert elsewhere(Config()) == ""
    (notes / "1.up").write_bytes(left)  # it was killed
    (notes / "2.up").write_bytes(b"\0{")
    (notes / "x.up").write_bytes(left)
    assert elsewhere(Config()) == ""


def test_what_another_took_over_is_not_believed_of_the_old_pid(tmp_path: Path, notes: Path) -> None:
    with runs(tmp_path / "a"):
        notes.mkdir(exist_ok=True)
        (notes / "1.up").write_text(str(tmp_path / "a"))
        assert running.running((notes,)) == [Up(os.getpid(), str(tmp_path / "a"))]


def test_a_note_that_cannot_be_written_keeps_nothing_from_running(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with noted(Config(data=str(tmp_path)), tmp_path / "file" / "notes"):
        pass


def test_the_notes_are_the_owners_to_write(tmp_path: Path, notes: Path) -> None:
    with runs(tmp_path / "a"):
        assert not stat.S_IMODE(notes.stat().st_mode) & 0o022
        (file,) = notes.iterdir()
        assert not stat.S_IMODE(file.stat().st_mode) & 0o022
    assert not list(notes.iterdir())


def test_the_address_of_a_store_that_was_killed_is_not_believed(tmp_path: Path, notes: Path) -> None:
    store = tmp_path / "x" / "store"
    store.mkdir(parents=True)
    (store / "store.json").write_text('{"host": "127.0.0.1", "native_port": 1, "http_port": 1}')
    result = CliRunner().invoke(main, ["map", "--data", str(tmp_path / "x")])
    assert "no store is running in" in result.stderr

    with (store / "store.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write("1")
        lock.flush()
        assert "no ClickHouse answers" in CliRunner().invoke(main, ["map", "--data", str(tmp_path / "x")]).stderr


def test_the_notes_of_what_was_killed_are_removed_by_the_next(tmp_path: Path, notes: Path) -> None:
    notes.mkdir()
    (notes / "999999999.up").write_text(str(tmp_path / "gone"))
    with runs(tmp_path / "a"):
        assert [file.name for file in notes.iterdir()] == [f"{os.getpid()}.up"]

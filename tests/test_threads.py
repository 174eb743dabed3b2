"""A thread of a part that dies ends the part, which is started again; nothing goes on by half."""

import ast
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from log.protocol import LogDamaged
from schemas.threads import DIED, EXPENDABLE

ROOT = Path(__file__).parent.parent
PACKAGES = ("schemas", "log", "collectors", "streams", "graph", "sinks", "dashboards", "view", "servicemap")
STARTS = {"Thread", "Timer", "start_new_thread", "_thread"}


def started() -> Iterator[tuple[str, str]]:
    """Yield every thread that the programs start: the file and the name."""
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in STARTS:
                    names = [ast.literal_eval(each.value) for each in node.keywords if each.arg == "name"]
                    yield str(path.relative_to(ROOT)), "".join(names)


def test_every_thread_has_a_name_and_only_those_of_one_connection_may_die() -> None:
    found = list(started())

    assert len(found) >= 6
    assert all(name for _, name in found), found
    assert {path for path, name in found if name in EXPENDABLE} == {"sinks/embedded/listener.py"}


def run(code: str, *arguments: str) -> tuple[int, str]:
    """Run a command of servicemap with something broken; return how it ended and what it printed."""
    main = f"{code}; import sys; sys.argv = ['servicemap', *sys.argv[1:]]; from servicemap.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", main, *arguments], capture_output=True, text=True, timeout=60, cwd=ROOT, check=False
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    ("broken", "command"),
    [
        ("from collectors.spool import Spool; Spool._next = lambda self: 1 / 0", "collect"),
        ("from log.local_writer import Writer; Writer._write = lambda self, *_: 1 / 0", "collect"),
        ("import queue; queue.SimpleQueue = type('Queue', (), {'put': None, 'get': lambda self: 1 / 0})", "work"),
    ],
    ids=["the spool", "the writer of the log", "the signals"],
)
def test_a_part_ends_with_any_of_its_threads(broken: str, command: str, tmp_path: Path) -> None:
    code, printed = run(
        broken, command, "--data", str(tmp_path / "data"), *(["--window", "1s"] * (command == "collect"))
    )

    assert code == DIED
    assert "servicemap: the thread " in printed
    assert "ZeroDivisionError" in printed


def test_the_store_ends_with_its_threads(tmp_path: Path) -> None:
    broken = "from sinks.embedded.watcher import Watcher; Watcher._run = lambda self: 1 / 0"
    main = f"{broken}; import sys; from sinks.embedded.__main__ import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", main, "--data", str(tmp_path / "store"), "--native-port", "0", "--http-port", "0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=ROOT, check=False)

    assert done.returncode == DIED
    assert "the thread watcher died" in done.stderr


@pytest.mark.parametrize("command", ["work", "collect"])
def test_a_part_whose_log_is_damaged_reports_it_and_the_next_one_begins_anew(command: str, tmp_path: Path) -> None:
    data = tmp_path / "data"
    main = [sys.executable, "-m", "servicemap", command, "--data", str(data)]
    with subprocess.Popen(main, stderr=subprocess.PIPE, text=True, cwd=ROOT) as part:
        assert part.stderr
        log = data / "log.sqlite-wal"
        try:
            deadline = time.monotonic() + 30
            while not (log.exists() and log.stat().st_size > 20_000):
                assert time.monotonic() < deadline
                time.sleep(0.02)
            (data / "log.sqlite-damaged").touch()  # as the process that finds the damage does
            assert part.wait(30) == LogDamaged.exit_code
            assert "servicemap: " in (printed := part.stderr.read())
            assert "is damaged" in printed
            assert "Traceback" not in printed
        finally:
            part.kill()
    with subprocess.Popen(main, stderr=subprocess.PIPE, text=True, cwd=ROOT) as again:
        assert again.stderr
        try:
            assert "a new one was started" in again.stderr.readline()
        finally:
            again.kill()
    assert list(data.glob("log.sqlite-damaged-2*"))

"""What the supervisor does about parts that die, refuse or do not answer: with small parts, and with a real store."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from servicemap import pulse, trouble
from servicemap.config import Config
from servicemap.parts import store_facts
from servicemap.supervisor import Child, Part, Supervisor
from servicemap.trouble import Trouble, Watch
from sinks.embedded.folder import DAMAGED

ANSWERS = """
import os, socket, sys, time
asked = socket.socket(fileno=int(os.environ["_SERVICEMAP_PULSE"]))
for _ in range(int(sys.argv[1])):
    asked.sendall(asked.recv(1))
time.sleep(100)
"""


@contextmanager
def tended(*parts: Part) -> Iterator[tuple[Supervisor, list[str], Callable[[Callable[[], object]], None]]]:
    """Run parts; the last of the three tends them until something is so."""
    reported: list[str] = []
    supervisor = Supervisor(parts, reported.append, first_wait=0.05)

    def until(so: Callable[[], object]) -> None:
        end = time.monotonic() + 30
        while not so():
            assert time.monotonic() < end, reported
            supervisor.tend()
            time.sleep(0.02)

    try:
        yield supervisor, reported, until
    finally:
        supervisor.stop()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "EVERY", 0.05)
    monkeypatch.setattr(pulse, "SILENT", 2.0)


def script(tmp_path: Path, text: str, *arguments: str, vital: bool = True) -> Part:
    file = tmp_path / "part.py"
    file.write_text(text)
    return Part("it", (str(file), *arguments), module=False, vital=vital, answers=True)


def test_a_part_that_answers_no_more_is_killed_and_started_again(tmp_path: Path, impatient: None) -> None:
    with tended(script(tmp_path, ANSWERS, "3")) as (supervisor, reported, until):
        until(lambda: len(reported) >= 2)
        assert reported[0].startswith("it has not answered for 2 s")
        assert reported[1] == "it was killed by SIGKILL; starting it again"
        until(lambda: supervisor.running("it"))


def test_a_part_that_answers_is_left_alone_however_long_it_takes_to_begin(tmp_path: Path, impatient: None) -> None:
    slow = "import time; time.sleep(3)\n" + ANSWERS
    with tended(script(tmp_path, slow, "1000000")) as (supervisor, reported, until):
        child = supervisor.children[0]
        until(lambda: child.pulse and child.pulse.ever)
        end = time.monotonic() + 3
        until(lambda: time.monotonic() > end)
        assert reported == []


def test_a_part_is_not_blamed_for_what_the_supervisor_slept(impatient: None) -> None:
    feeling = pulse.Pulse(0.0)
    try:
        assert feeling.look(1.0) == 0.0
        assert feeling.look(2.0) == 1.0
        assert feeling.look(2000.0) == 1.0
        feeling.theirs.send(feeling.theirs.recv(1))
        assert feeling.look(2001.0) == 0.0
        assert feeling.patience(os.getpid()) == pulse.SILENT
    finally:
        feeling.close()


@pytest.mark.parametrize(("code", "vital", "hopeless"), [(1, True, "it"), (1, False, None), (DAMAGED, True, None)])
def test_only_what_is_vital_and_refuses_ends_everything(
    tmp_path: Path, code: int, vital: bool, hopeless: str | None
) -> None:
    with tended(script(tmp_path, f"raise SystemExit({code})", vital=vital)) as (supervisor, reported, until):
        until(lambda: len(reported) >= 4)
        assert supervisor.hopeless() == hopeless


def test_damage_is_written_down_reported_once_and_taken_back(tmp_path: Path) -> None:
    reported: list[str] = []
    watch = Watch(tmp_path, " --data x", reported.append)
    child = Child(Part("store", ()), code=DAMAGED, exits=1)
    watch.note([child])
    assert trouble.read(tmp_path) == []  # once may be chance
    for child.exits in (2, 3, 4):
        watch.note([child])
    assert reported == [
        "the store cannot be opened: its files are damaged; run `servicemap store rebuild --data x`, "
        "and collecting goes on"
    ]
    assert trouble.read(tmp_path) == [Trouble("store", DAMAGED, 4)]
    watch.leave()
    assert trouble.read(tmp_path) == [Trouble("store", DAMAGED, 4)]
    child.code, child.exits = None, 0
    watch.note([child])
    assert trouble.read(tmp_path) == []


@pytest.mark.parametrize(
    ("found", "damaged"),
    [
        (Trouble("store", DAMAGED, 2), True),
        (Trouble("store", -signal.SIGSEGV, 3), True),
        (Trouble("store", -signal.SIGSEGV, 2), False),
        (Trouble("store", -signal.SIGKILL, 9), False),
        (Trouble("store", 1, 9), False),
        (Trouble("sink", DAMAGED, 9), False),
    ],
)
def test_what_is_damage_and_what_is_not(found: Trouble, damaged: bool) -> None:
    assert found.damaged == damaged
    assert ("servicemap store rebuild" in found.sentence()) == damaged


def test_a_store_that_somebody_stops_comes_back_where_it_was(tmp_path: Path, impatient: None) -> None:
    folder = tmp_path / "store"
    part = Part(
        "store", ("sinks.embedded", "--data", str(folder), "--native-port", "0", "--http-port", "0"), answers=True
    )
    config = Config(data=str(tmp_path))
    with tended(part) as (supervisor, reported, until):
        child = supervisor.children[0]
        until(lambda: child.pulse and child.pulse.ever)
        before = store_facts(config)
        assert child.process is not None
        for how in (signal.SIGSTOP, signal.SIGKILL):
            pid = child.process.pid
            os.kill(pid, how)
            until(lambda: child.process and child.process.pid != pid and child.pulse and child.pulse.ever)  # noqa: B023
            assert store_facts(config) == before
        assert "store has not answered for 2 s, and is killed" in reported
    assert store_facts(config) is None

"""The supervisor handles parts that die, refuse or do not answer, with small parts and with a real store."""

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
    """Run parts; yield the supervisor, its messages, and a function that tends the parts until a condition holds."""
    messages: list[str] = []
    supervisor = Supervisor(parts, messages.append, first_wait=0.05)

    def until(so: Callable[[], object]) -> None:
        end = time.monotonic() + 30
        while not so():
            assert time.monotonic() < end, messages
            supervisor.tend()
            time.sleep(0.02)

    try:
        yield supervisor, messages, until
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


def test_a_part_that_stops_answering_is_killed_and_started_again(tmp_path: Path, impatient: None) -> None:
    with tended(script(tmp_path, ANSWERS, "3")) as (supervisor, messages, until):
        until(lambda: len(messages) >= 2)
        assert messages[0].startswith("it has not answered for 2 s")
        assert messages[1] == "it was killed by SIGKILL; starting it again"
        until(lambda: supervisor.running("it"))


def test_a_part_that_answers_is_left_alone_even_if_it_starts_slowly(tmp_path: Path, impatient: None) -> None:
    slow = "import time; time.sleep(3)\n" + ANSWERS
    with tended(script(tmp_path, slow, "1000000")) as (supervisor, messages, until):
        child = supervisor.children[0]
        until(lambda: child.pulse and child.pulse.ever)
        end = time.monotonic() + 3
        until(lambda: time.monotonic() > end)
        assert messages == []


def test_a_part_is_not_blamed_for_a_sleep_of_the_supervisor(impatient: None) -> None:
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
def test_only_a_vital_part_that_refuses_ends_everything(
    tmp_path: Path, code: int, vital: bool, hopeless: str | None
) -> None:
    with tended(script(tmp_path, f"raise SystemExit({code})", vital=vital)) as (supervisor, messages, until):
        until(lambda: len(messages) >= 4)
        assert supervisor.hopeless() == hopeless


def test_damage_is_recorded_logged_once_and_withdrawn(tmp_path: Path) -> None:
    messages: list[str] = []
    watch = Watch(tmp_path, " --data x", messages.append)
    child = Child(Part("store", ()), code=DAMAGED, exits=1)
    watch.note([child])
    assert trouble.read(tmp_path) == []  # once may be chance
    for child.exits in (2, 3, 4):
        watch.note([child])
    assert messages == [
        "the store cannot be opened: its files are damaged; run `servicemap store rebuild --data x`; "
        "collecting continues"
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
def test_damage_is_recognized_by_code_and_number_of_exits(found: Trouble, damaged: bool) -> None:
    assert found.damaged == damaged
    assert ("servicemap store rebuild" in found.sentence()) == damaged


def test_a_stopped_or_killed_store_returns_at_the_same_address(tmp_path: Path, impatient: None) -> None:
    folder = tmp_path / "store"
    part = Part(
        "store", ("sinks.embedded", "--data", str(folder), "--native-port", "0", "--http-port", "0"), answers=True
    )
    config = Config(data=str(tmp_path))
    with tended(part) as (supervisor, messages, until):
        child = supervisor.children[0]
        until(lambda: child.pulse and child.pulse.ever)
        before = store_facts(config)
        assert child.process is not None
        for how in (signal.SIGSTOP, signal.SIGKILL):
            pid = child.process.pid
            os.kill(pid, how)
            until(lambda: child.process and child.process.pid != pid and child.pulse and child.pulse.ever)  # noqa: B023
            assert store_facts(config) == before
        assert "store has not answered for 2 s, and is killed" in messages
    assert store_facts(config) is None

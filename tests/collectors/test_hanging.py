import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from collectors import facts_reader
from collectors.facts_reader import MOST_STUCK, MOST_STUCK_OF_USER, MOST_WAITS, FactsReader
from collectors.helper import Helper
from collectors.process_facts import Facts
from collectors.process_table import ProcessTable, Stat
from collectors.procfs import read_file
from tests.collectors.hanging import hanging
from tests.collectors.test_processes import SLEEP, reported, started
from tests.collectors.watching import Watch, eventually


@pytest.mark.root
def test_a_process_that_hangs_in_its_file_system_is_reported_with_all_others(watch: Watch, tmp_path: Path) -> None:
    with hanging(tmp_path / "file") as (victim, mounted), started() as other:
        batch = watch.running()
        (hung,), (whole,) = reported(batch, victim.pid), reported(batch, other.pid)
        missing, counted = watch.processes.missing(), watch.processes.counters()
        threads = threading.active_count()
        for keyframe in (False, True):
            assert reported(watch.running(keyframe=keyframe), victim.pid) or not keyframe
        assert threading.active_count() == threads  # asked once, not again and again
        mounted.abort()
        again = eventually(lambda: [row for row in reported(watch.running(), victim.pid) if row["cmdline"]])
        assert "facts of processes that hang" not in watch.processes.missing()

    assert (hung["comm"], hung["exe"]) == (whole["comm"], whole["exe"])
    assert hung["netns"] == whole["netns"]
    assert hung["cmdline"] == []
    assert whole["cmdline"] == [*SLEEP[:-1], "--password=***"]
    assert f"cmdline of {victim.pid}" in missing["facts of processes that hang"]
    assert counted["process_reads_hung"] == 1
    assert str(tmp_path / "file") in again[0]["cmdline"]


AGENT = """
import sys, threading
from collectors.runner import run
from collectors.settings import Settings
from schemas import codec
stop = threading.Event()
def publish(topic, key, value):
    if topic.name == "heartbeats" and "facts of processes that hang" in codec.decode(topic.name, value).missing:
        stop.set()
run(Settings(window_ms=200, keyframe_ms=1000), publish, lambda: None, stop)
"""


@pytest.mark.root
def test_the_agent_stops_while_a_read_hangs(tmp_path: Path) -> None:
    with hanging(tmp_path / "file"):
        subprocess.run([sys.executable, "-c", AGENT], check=True, timeout=60, cwd=Path(__file__).parents[2])


class Blocked:
    """Reads of some files of /proc that wait until the end of the test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.end = threading.Event()
        self.names: set[str] = set()
        self.asked: list[str] = []
        for name in ("read_file", "link"):
            monkeypatch.setattr(facts_reader, name, self._blocking(getattr(facts_reader, name)))

    def _blocking(self, read: Callable[..., Any]) -> Callable[..., Any]:
        def blocked(path: str, *limit: int) -> Any:
            if any(path.endswith(name) for name in self.names):
                self.asked.append(path)
                self.end.wait()
            return read(path, *limit)

        return blocked


@pytest.fixture
def blocked(monkeypatch: pytest.MonkeyPatch) -> Iterator[Blocked]:
    blocking = Blocked(monkeypatch)
    yield blocking
    blocking.end.set()


@pytest.fixture
def reader() -> Iterator[FactsReader]:
    made = FactsReader("/proc", 4096, Helper(0.05))
    yield made
    made.close()


def stats(*pids: int) -> list[Stat]:
    table = ProcessTable()
    return [stat for pid in pids if (stat := table.read(pid))]


def nothing(stat: Stat) -> Facts | None:
    return None


FIELDS = {
    "status": {"uid"},
    "cgroup": {"cgroup", "container", "unit"},
    "exe": {"exe"},
    "ns/net": {"netns"},
    "cmdline": {"cmdline"},
}


@pytest.mark.parametrize("name", FIELDS)
def test_whatever_hangs_costs_what_it_would_have_read_alone(blocked: Blocked, reader: FactsReader, name: str) -> None:
    with started() as one, started() as other:
        whole = reader.read(stats(one.pid, other.pid), nothing)
        blocked.names = {f"{one.pid}/{name}"}
        partly = reader.read(stats(one.pid, other.pid), nothing)
        kept = reader.read(stats(one.pid, other.pid), lambda stat: whole[stat.pid])
        asked = len(blocked.asked)

    assert partly[other.pid] == whole[other.pid]
    differ = {field for field in Facts._fields if getattr(partly[one.pid], field) != getattr(whole[one.pid], field)}
    assert differ <= FIELDS[name]
    assert kept == whole
    assert asked == 1


def test_what_came_back_is_read_again(blocked: Blocked, reader: FactsReader) -> None:
    with started() as one:
        blocked.names = {f"{one.pid}/cmdline"}
        assert reader.read(stats(one.pid), nothing)[one.pid].cmdline == []
        assert reader.late() == set()
        blocked.end.set()
        eventually(lambda: reader.late() == {one.pid})
        assert reader.read(stats(one.pid), nothing)[one.pid].cmdline[1:] == [*SLEEP[1:-1], "--password=***"]
        assert reader.stuck() == []


def test_another_program_of_the_process_is_asked_anew_and_not_taken_for_the_old(
    blocked: Blocked, reader: FactsReader
) -> None:
    script = "import os, sys; print(flush=True); sys.stdin.readline(); os.execlp('sleep', 'sleep', '60')"
    with started([sys.executable, "-c", script]) as one:
        blocked.names = {f"{one.pid}/cmdline"}
        before = reader.read(stats(one.pid), nothing)
        assert one.stdin is not None
        one.stdin.write(b"\n")
        one.stdin.flush()
        eventually(lambda: Path(f"/proc/{one.pid}/comm").read_text() == "sleep\n")
        known = before[one.pid]._replace(cmdline=["the old one"])
        still = reader.read(stats(one.pid), lambda stat: known)
        one.kill()

    assert still[one.pid].cmdline == []
    assert len(blocked.asked) == 2


def test_many_that_hang_cost_few_threads_and_a_short_wait(blocked: Blocked, reader: FactsReader) -> None:
    many = [subprocess.Popen(["sleep", "60"]) for _ in range(3 * MOST_STUCK_OF_USER)]
    pids = [one.pid for one in many]
    try:
        blocked.names = {f"{pid}/cmdline" for pid in pids}
        found = reader.read(stats(*pids), nothing)
        assert len(blocked.asked) == MOST_WAITS
        for _ in range(2 * MOST_STUCK_OF_USER):
            found |= reader.read(stats(*reader.late()), nothing)
        assert len(blocked.asked) == MOST_STUCK_OF_USER <= MOST_STUCK
        assert found.keys() == set(pids)
    finally:
        for one in many:
            one.kill()
            one.wait()


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "passwd")
    assert read_file(str(tmp_path / "passwd")) == b""


def test_an_error_in_a_job_is_the_callers() -> None:
    helper = Helper()

    def broken() -> None:
        raise ValueError("it broke")

    with pytest.raises(ValueError, match="it broke"):
        helper.run([broken])
    helper.run([lambda: None])
    helper.close()

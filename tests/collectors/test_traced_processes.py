"""Processes that ended before they could be read are reported as the programs saw them."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from collectors.cgroup_paths import CgroupPaths, mounted
from collectors.process_facts import Users
from collectors.process_table import ProcessTable, parse_stat
from collectors.processes import ENDS_LATER, ProcessCollector
from collectors.settings import Settings
from collectors.traced import Process, Started
from collectors.tracing import Tracing
from collectors.window import Window
from tests.collectors.test_processes import exits, reported

GONE = 4_194_303  # the largest pid that there can be, and hardly is


class Reports(Tracing):
    """Programs that report what a test gives."""

    def __init__(self) -> None:
        super().__init__("off")
        self.processes: list[Started] = []
        self.working: set[Process] = set()

    def take_started(self) -> list[Started]:
        taken, self.processes = self.processes, []
        return taken

    def take_workers(self) -> set[Process]:
        taken, self.working = self.working, set()
        return taken


class Windows:
    """A collector of processes, window by window."""

    def __init__(self) -> None:
        self.tracing = Reports()
        self._seq = 0
        self._collector = ProcessCollector(Settings(), ProcessTable(), Users(), tracing=self.tracing)
        self._collector.open(self._window())

    def _window(self) -> Window:
        return Window("host", "boot", 1, self._seq, self._seq * 5_000, 5_000, keyframe=self._seq == 0)

    def next(self) -> tuple[list[dict[str, object]], list[tuple[int, int]]]:
        self._seq += 1
        batch = self._collector.collect(self._window())
        return reported(batch, GONE), exits(batch, GONE)

    def close(self) -> None:
        self._collector.close()


@pytest.fixture
def windows() -> Iterator[Windows]:
    made = Windows()
    yield made
    made.close()


def mine() -> int:
    return parse_stat(Path("/proc/self/stat").read_bytes()).start


def gone(arguments: bytes, *, after: int = 1, together: bool = True) -> Started:
    name = arguments.partition(b"\0")[0][:15]
    return Started(GONE, mine() + after, os.getpid(), 0, 7, together, 0, name, arguments)


def test_one_that_is_gone_is_reported_with_its_arguments_and_its_parent_s_groups(windows: Windows) -> None:
    windows.tracing.processes = [gone(b"curl\0--password=hunter2\0")]
    ((row,), ended) = windows.next()

    assert (row["comm"], row["cmdline"], row["parent"]) == ("curl", ["curl", "--password=***"], os.getpid())
    assert (row["netns"], row["exe"], row["cwd"]) == (7, "", "")
    assert row["cgroup"]
    assert ended == [(-1, 0)]


def test_the_groups_of_a_parent_in_other_ones_are_not_those_of_its_child(windows: Windows) -> None:
    windows.tracing.processes = [gone(b"curl\0", together=False)]
    ((row,), _) = windows.next()

    assert row["cgroup"] == ""


def test_one_that_worked_on_a_socket_ends_when_the_socket_s_rows_have_been_reported(windows: Windows) -> None:
    one = gone(b"curl\0")
    windows.tracing.processes, windows.tracing.working = [one], {(GONE, one.start)}
    rows, ended = windows.next()
    later = [windows.next() for _ in range(ENDS_LATER)]

    assert (len(rows), ended) == (1, [])
    assert later == [([], [])] * (ENDS_LATER - 1) + [([], [(-1, 0)])]


def test_a_process_that_executed_another_program_is_reported_as_that(windows: Windows) -> None:
    one = gone(b"sh\0")
    windows.tracing.processes = [one, one._replace(comm=b"curl", arguments=b"curl\0")]
    ((row,), _) = windows.next()

    assert row["cmdline"] == ["curl"]


def test_of_two_processes_with_one_pid_both_are_reported(windows: Windows) -> None:
    windows.tracing.processes = [gone(b"later\0", after=2), gone(b"earlier\0")]
    rows, ended = windows.next()

    assert sorted(str(row["comm"]) for row in rows) == ["earlier", "later"]
    assert len(ended) == 2


def test_one_that_runs_is_read(windows: Windows) -> None:
    windows.tracing.processes = [gone(b"other\0")._replace(pid=os.getpid(), start=mine())]

    assert windows.next() == ([], [])


def test_where_groups_are_mounted_is_found() -> None:
    mounts = b"1 2 0:3 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n4 5 0:6 / /sys/fs/cgroup/unified rw - cgroup2 none rw\n"

    assert mounted(mounts) == b"/sys/fs/cgroup/unified"
    assert mounted(b"4 5 0:6 /inside /sys/fs/cgroup rw - cgroup2 none rw\n") == b""
    assert CgroupPaths().of(2**63) == ""

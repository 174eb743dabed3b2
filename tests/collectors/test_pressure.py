"""Pressure is read from the kernel of this host: processes that have to wait are made, and their waits are reported."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from collectors.load import LoadMeter
from collectors.pressure import Pressure, Waited
from schemas.raw import ProcessBatch
from tests.collectors.watching import Watch

BUSY = "while True: pass"
NEEDS = pytest.mark.skipif(
    not Path("/proc/pressure/cpu").exists() or Pressure().missing() != {} or os.geteuid() != 0,
    reason="needs a kernel that counts pressure, control groups of version 2, and root",
)


@contextmanager
def group() -> Iterator[Path]:
    """Yield a control group of its own for processes of a test, which end with it."""
    roots = (Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/unified"))
    root = next(folder for folder in roots if (folder / "cgroup.controllers").exists())
    folder = root / f"servicemap {{test}} {os.getpid()}"
    folder.mkdir()
    try:
        yield folder
    finally:
        folder.rmdir()


@contextmanager
def crowd(folder: Path, count: int) -> Iterator[list[int]]:
    """So many processes in a group that all want a CPU."""
    started = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(count)]
    try:
        for process in started:
            (folder / "cgroup.procs").write_text(str(process.pid))
        yield [process.pid for process in started]
    finally:
        for process in started:
            process.kill()
            process.wait()


def waits(batch: ProcessBatch, pids: list[int]) -> list[int]:
    """Return the waits for a CPU that are reported of some processes."""
    usage = batch.usage
    return [us for pid, us in zip(usage.pid, usage.cpu_pressure_us, strict=True) if pid in pids]


@NEEDS
def test_processes_that_wait_for_a_cpu_report_the_pressure_of_their_group_and_of_the_host(watch: Watch) -> None:
    meter = LoadMeter()
    with group() as folder, crowd(folder, count=3 * (os.cpu_count() or 1)) as pids:
        watch.running(keyframe=True)
        seen: list[int] = []
        while not any(seen):  # the kernel adds to its totals as processes are switched
            seen = waits(watch.running(), pids)
        load = meter.read()

    assert max(seen) > 0
    assert load.cpu_pressure_us > 0


@NEEDS
def test_a_group_in_which_nobody_waits_reports_nothing(watch: Watch) -> None:
    with group() as folder, subprocess.Popen(["sleep", "1000"]) as process:
        (folder / "cgroup.procs").write_text(str(process.pid))
        try:
            watch.running(keyframe=True)
            assert waits(watch.running(), [process.pid]) == []
        finally:
            process.kill()


def written(folder: Path, cpu: int, *, ending: str = ".pressure") -> None:
    """Make a folder with the files of the kernel."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, total in (("cpu", cpu), ("memory", 7), ("io", 9)):
        text = f"some avg10=1.00 avg60=0.10 avg300=0.00 total={total}\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=3\n"
        (folder / f"{name}{ending}").write_text(text)


def test_waits_are_those_since_the_reading_before(tmp_path: Path) -> None:
    written(tmp_path / "pressure", 1_000, ending="")
    written(tmp_path / "groups" / "a.service", 50)
    pressure = Pressure(str(tmp_path), str(tmp_path / "groups"))

    assert pressure.host() == Waited(0, 0, 0)
    assert pressure.groups({"/a.service", "/gone.service"}) == {}
    written(tmp_path / "pressure", 1_250, ending="")
    written(tmp_path / "groups" / "a.service", 80)
    assert pressure.host() == Waited(250, 0, 0)
    assert pressure.groups({"/a.service"}) == {"/a.service": Waited(30, 0, 0)}
    assert pressure.missing() == {}


def test_what_could_not_be_read_once_is_compared_with_the_last_known_total(tmp_path: Path) -> None:
    written(tmp_path / "pressure", 1_000, ending="")
    written(tmp_path / "a", 50)
    pressure = Pressure(str(tmp_path), str(tmp_path))
    pressure.host()
    pressure.groups({"/a"})
    (tmp_path / "pressure" / "cpu").unlink()
    (tmp_path / "a" / "cpu.pressure").unlink()
    assert pressure.host() == Waited(0, 0, 0)
    assert pressure.groups({"/a"}) == {}

    written(tmp_path / "pressure", 1_250, ending="")
    written(tmp_path / "a", 80)
    assert pressure.host() == Waited(250, 0, 0)
    assert pressure.groups({"/a"}) == {"/a": Waited(30, 0, 0)}


def test_what_could_be_read_only_later_begins_with_the_first_reading(tmp_path: Path) -> None:
    pressure = Pressure(str(tmp_path), str(tmp_path))
    pressure.host()
    written(tmp_path / "pressure", 1_000, ending="")
    assert pressure.host() == Waited(0, 0, 0)


def test_a_group_that_is_forgotten_begins_anew(tmp_path: Path) -> None:
    written(tmp_path / "a", 50)
    pressure = Pressure(str(tmp_path), str(tmp_path))
    pressure.groups({"/a"})
    pressure.forget(())
    written(tmp_path / "a", 80)
    assert pressure.groups({"/a"}) == {}


def test_a_kernel_that_does_not_count_pressure_is_reported(tmp_path: Path) -> None:
    pressure = Pressure(str(tmp_path))
    assert pressure.host() == Waited(0, 0, 0)
    assert list(pressure.missing().values()) == ["a kernel that counts it (CONFIG_PSI, psi=1)"]


def test_control_groups_of_version_1_alone_are_reported(tmp_path: Path) -> None:
    written(tmp_path / "pressure", 1, ending="")
    assert list(Pressure(str(tmp_path), "").missing()) == ["pressure of services"]

"""Control groups: folders as both versions of the kernel's interface leave them, and the real ones of this host."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from collectors.group_files import MOST_GROUPS, CpuV1, CpuV2, MemoryV1, MemoryV2, mounted
from collectors.group_limits import GroupLimits, Limited
from collectors.groups import Groups
from collectors.kernel_log import KernelLog, parse_killed
from collectors.load import parse_kills, parse_open_files
from collectors.run_delay import RunDelay
from schemas.raw import ProcessBatch
from tests.collectors.watching import Watch, eventually

MIB = 1 << 20
LIMITS = ("memory_limit_in_bytes", "memory_max")  # of both versions
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def write(folder: Path, **files: str) -> None:
    """Write files of a control group; the first _ of a name is a dot."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("_", ".", 1)).write_text(text)


def version_2(root: Path) -> None:
    write(root, cgroup_controllers="cpuset cpu io memory pids\n")


def version_1(root: Path) -> None:
    write(root / "cpu", cpu_stat="nr_periods 0\nnr_throttled 0\nthrottled_time 0\n")
    write(root / "memory", memory_usage_in_bytes="0\n")


def container_2(root: Path, periods: int, throttled: int, us: int, kills: int = 0) -> None:
    """A pod with a quota and a limit, and in it a container with a limit of its own."""
    stat = f"usage_usec 9\nuser_usec 5\nsystem_usec 4\nnr_periods {periods}\nnr_throttled {throttled}\n"
    write(root / "pod", cpu_max="50000 100000\n", memory_max=f"{900 * MIB}\n")
    write(root / "pod", cpu_stat=stat + f"throttled_usec {us}\nnr_bursts 0\nburst_usec 0\n")
    write(root / "pod" / "c1", cpu_max="max 100000\n", memory_max=f"{100 * MIB}\n", memory_current=f"{90 * MIB}\n")
    write(root / "pod" / "c1", memory_stat=f"anon 1\nfile 2\ninactive_file {15 * MIB}\nactive_file 3\n")
    events = f"low 0\nhigh 0\nmax 12\noom {kills}\noom_kill {kills}\noom_group_kill 0\n"
    (root / "pod" / "c1" / "memory.events.local").write_text(events)


def container_1(root: Path, periods: int, throttled: int, us: int, kills: int = 0) -> None:
    """The same in version 1."""
    write(root / "cpu" / "pod", cpu_cfs_quota_us="50000\n")
    write(
        root / "cpu" / "pod",
        cpu_stat=f"nr_periods {periods}\nnr_throttled {throttled}\nthrottled_time {us * 1000}\nnr_bursts 0\n",
    )
    write(root / "cpu" / "pod" / "c1", cpu_cfs_quota_us="-1\n")
    write(root / "memory" / "pod", memory_limit_in_bytes=f"{900 * MIB}\n")
    here = root / "memory" / "pod" / "c1"
    write(here, memory_limit_in_bytes=f"{100 * MIB}\n", memory_usage_in_bytes=f"{90 * MIB}\n")
    write(here, memory_stat=f"cache 1\ninactive_file 1\ntotal_inactive_file {15 * MIB}\n")
    write(here, memory_oom_control=f"oom_kill_disable 0\nunder_oom 0\noom_kill {kills}\n")


def read(limits: GroupLimits, *paths: str, anew: bool = False) -> dict[str, Limited]:
    return limits.groups(paths, anew=anew, kills=True)


@pytest.mark.parametrize(("mount", "container"), [(version_2, container_2), (version_1, container_1)])
def test_a_container_is_held_back_by_the_nearest_limits_above_it(tmp_path: Path, mount: Any, container: Any) -> None:
    mount(tmp_path)
    container(tmp_path, 1_000, 100, 5_000)
    limits = GroupLimits(mounted(root=str(tmp_path)))
    held = Limited(limited_memory_bytes=75 * MIB, memory_limit_bytes=100 * MIB)
    assert read(limits, "/pod/c1", "/gone") == {"/pod/c1": held}

    container(tmp_path, 1_050, 120, 9_000, kills=2)
    assert read(limits, "/pod/c1") == {"/pod/c1": held._replace(
        cpu_periods=50, cpu_throttled_periods=20, cpu_throttled_us=4_000, oom_kills=2
    )}  # fmt: skip
    assert limits.missing() == {}


def test_groups_under_one_quota_have_it_in_common(tmp_path: Path) -> None:
    version_2(tmp_path)
    container_2(tmp_path, 10, 1, 5)
    write(tmp_path / "pod" / "c2", cpu_max="max 100000\n", memory_max="max\n")
    limits = GroupLimits(mounted(root=str(tmp_path)))
    read(limits, "/pod/c1", "/pod/c2")
    container_2(tmp_path, 20, 6, 9)

    found = read(limits, "/pod/c1", "/pod/c2")
    assert found["/pod/c1"][:3] == found["/pod/c2"][:3] == (10, 5, 4)
    assert [found[path].memory_limit_bytes // MIB for path in ("/pod/c1", "/pod/c2")] == [100, 900]


def test_limits_that_change_are_found_when_they_are_looked_up_anew(tmp_path: Path) -> None:
    version_2(tmp_path)
    write(tmp_path / "a", cpu_max="max 100000\n", memory_max="max\n")
    limits = GroupLimits(mounted(root=str(tmp_path)))
    assert read(limits, "/a") == {}
    write(tmp_path / "a", memory_max="4096\n", memory_current="1000\n")
    assert read(limits, "/a") == {}
    assert read(limits, "/a", anew=True) == {"/a": Limited(limited_memory_bytes=1000, memory_limit_bytes=4096)}


def test_a_group_that_is_made_anew_counts_from_its_start(tmp_path: Path) -> None:
    version_2(tmp_path)
    container_2(tmp_path, 10, 1, 5, kills=3)
    limits = GroupLimits(mounted(root=str(tmp_path)))
    read(limits, "/pod/c1")
    limits.forget(())
    container_2(tmp_path, 20, 2, 6, kills=4)
    assert read(limits, "/pod/c1")["/pod/c1"][:3] == (0, 0, 0)
    assert limits._kills.keys() == {"/pod/c1"}
    limits.forget(())
    assert [limits._kills, limits._quotas, limits._limits] == [{}, {}, {}]


def test_version_1_has_no_limit_where_its_number_is_near_the_greatest(tmp_path: Path) -> None:
    write(tmp_path / "a", memory_limit_in_bytes="9223372036854771712\n", cpu_cfs_quota_us="-1\n")
    assert MemoryV1(str(tmp_path)).limit("/a") == 0
    assert CpuV1(str(tmp_path)).limits("/a") is False


GARBAGE = ("", "x", "max", "-", "\0\n\n oom_kill\noom_kill x\n", "nr_periods 1\n", "9" * 5000)


@pytest.mark.parametrize("garbage", GARBAGE)
def test_files_without_sense_are_as_good_as_none(tmp_path: Path, garbage: str) -> None:
    names = ("cpu_stat", "cpu_max", "cpu_cfs_quota_us", "memory_max", "memory_limit_in_bytes", "memory_current",
             "memory_usage_in_bytes", "memory_stat", "memory_events", "memory_oom_control")  # fmt: skip
    write(tmp_path / "a", **dict.fromkeys(names, garbage))
    for cpu in (CpuV1(str(tmp_path)), CpuV2(str(tmp_path))):
        assert cpu.quota("/a") is None
        cpu.limits("/a")
    for memory in (MemoryV1(str(tmp_path)), MemoryV2(str(tmp_path))):
        assert memory.kills("/a") is None
        memory.limit("/a")
        memory.used("/a")


def test_what_is_not_mounted_is_reported(tmp_path: Path) -> None:
    limits = GroupLimits(mounted(root=str(tmp_path)))
    assert read(limits, "/a") == {}
    assert list(limits.missing()) == ["CPU quotas of services", "memory limits of services"]


def test_a_hybrid_host_has_its_controllers_in_version_1_and_pressure_in_version_2(tmp_path: Path) -> None:
    version_1(tmp_path)
    write(tmp_path / "unified", cgroup_controllers="hugetlb\n")
    cpu, memory, unified = mounted(root=str(tmp_path))
    assert (type(cpu), type(memory), unified) == (CpuV1, MemoryV1, f"{tmp_path}/unified")


def test_groups_beyond_the_bound_are_not_read_and_reported() -> None:
    groups = Groups()
    groups.read({f"/{number}" for number in range(MOST_GROUPS + 2)}, {"/idle"}, anew=True)
    what = "pressure of some services"
    assert groups.missing()[what] == f"no more than {MOST_GROUPS} busy ones: 2 are left out"
    groups.read({"/1", "/", "/../outside"}, {f"/{number}" for number in range(MOST_GROUPS + 2)}, anew=True)
    assert what not in groups.missing()


@pytest.mark.parametrize(
    ("record", "pid"),
    [
        (b"3,12,99,-;Memory cgroup out of memory: Killed process 7 (python3) total-vm:9kB, anon-rss:1kB\n", 7),
        (b"3,12,99,-,caller=T9;Out of memory: Killed process 8 (a b) (c) total-vm:9kB\n", 8),
        (b"3,12,99,-;Killed process 9 (old) total-vm:9kB\n", 9),
        (b"12,12,99,-;Out of memory: Killed process 7 (a user wrote this)\n", None),
        (b"6,12,99,-;oom-kill:constraint=CONSTRAINT_MEMCG,task=x,pid=7\n", None),
        (b"6,12,99,-;audit: comm=\"x: Killed process 7 (\" and more: Killed process 8 \n", None),
        (b"", None),
        (b"\xff;\xff", None),
    ],
)  # fmt: skip
def test_the_kernel_s_own_records_of_kills_are_read(record: bytes, pid: int | None) -> None:
    assert parse_killed(record) == pid


def test_a_log_that_may_not_be_read_is_reported(tmp_path: Path) -> None:
    log = KernelLog(str(tmp_path / "kmsg"))
    log.open()
    assert log.killed() == []
    assert "which processes the kernel kills for want of memory" in Groups(log=log).missing()


def test_what_the_host_has_open_and_has_killed_is_read() -> None:
    assert parse_open_files(b"3108\t8\t2470938\n") == 3100
    assert parse_open_files(b"") == 0
    assert parse_kills(b"a 1\noom_kill 3\nz 2\n") == 3
    assert parse_kills(b"a 1\n") is None


@contextmanager
def group(**limits: str) -> Iterator[list[Path]]:
    """Yield the folders of a control group with limits, in the hierarchies of this host; it ends with its processes."""
    cpu, memory, unified = mounted()
    roots = {each.root for each in (cpu, memory) if each is not None} | ({unified} - {""})
    folders = [Path(root) / f"servicemap {{held}} {os.getpid()}" for root in sorted(roots)]
    for folder in folders:
        folder.mkdir()
    try:
        for folder in folders:
            for name, value in limits.items():
                file = folder / name.replace("_", ".", 1)
                if file.exists():
                    file.write_text(value)
        yield folders
    finally:
        eventually(lambda: not any((folder / "cgroup.procs").read_text() for folder in folders))
        for folder in folders:
            folder.rmdir()


@contextmanager
def started(folders: list[Path], program: str) -> Iterator[subprocess.Popen[bytes]]:
    """Yield a program in a group that waits until it is written to."""
    with subprocess.Popen([sys.executable, "-c", f"input()\n{program}"], stdin=subprocess.PIPE) as process:
        try:
            for folder in folders:
                (folder / "cgroup.procs").write_text(str(process.pid))
            yield process
        finally:
            process.kill()


def begin(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin
    process.stdin.write(b"\n")
    process.stdin.flush()


def of(batch: ProcessBatch, pid: int) -> dict[str, Any]:
    """Return what is reported of the use of a process; {} for nothing."""
    names = batch.usage.__struct_fields__
    return next((dict(zip(names, row, strict=True)) for row in batch.usage.rows() if row[0] == pid), {})


NEEDS_LIMITS = pytest.mark.skipif(
    os.geteuid() != 0 or bool(GroupLimits(mounted()).missing()), reason="needs root, and controllers of cpu and memory"
)


@NEEDS_LIMITS
def test_a_process_under_a_quota_reports_how_often_it_is_stopped_and_how_long_it_waits(watch: Watch) -> None:
    limits = {"cpu_cfs_quota_us": "10000", "cpu_max": "10000 100000"} | dict.fromkeys(LIMITS, str(500 * MIB))
    with group(**limits) as folders, started(folders, "held = b'x' * (16 << 20)\nwhile True: pass") as process:
        begin(process)
        watch.running(keyframe=True)
        wanted = ("cpu_throttled_periods", "limited_memory_bytes")
        held = eventually(lambda: all(map((use := of(watch.running(), process.pid)).get, wanted)) and use)
    assert held["cgroup"].endswith(folders[0].name)
    assert 0 < held["cpu_throttled_periods"] <= held["cpu_periods"]
    assert held["cpu_throttled_us"] > 0
    assert 0 < held["limited_memory_bytes"] < held["memory_limit_bytes"] == 500 * MIB


@NEEDS_LIMITS
@pytest.mark.parametrize("by_log", [True, False])
def test_a_process_that_the_kernel_kills_for_want_of_memory_is_reported(watch: Watch, by_log: bool) -> None:
    if not by_log:
        watch.processes._groups.close()  # as where the log may not be read
    elif "which processes the kernel kills for want of memory" in watch.processes.missing():
        pytest.skip("the kernel's log may not be read here")
    limits = {
        **dict.fromkeys(LIMITS, str(40 * MIB)),
        "memory_memsw.limit_in_bytes": str(40 * MIB),
        "memory_swap.max": "0",
    }
    program = "x = bytearray(400 << 20)"
    with group(**limits) as folders, started(folders, "") as bystander, started(folders, program) as victim:
        watch.running(keyframe=True)
        begin(victim)
        victim.wait()
        batch = eventually(lambda: victim.pid in (found := watch.running()).exits.pid and found)
    at = batch.exits.pid.index(victim.pid)
    counted = {pid: kills for pid, kills in zip(batch.usage.pid, batch.usage.oom_kills, strict=True) if kills}
    if by_log:
        assert (batch.exits.signal[at], batch.exits.oom[at]) == (9, True)
        assert counted.keys() >= {victim.pid}
        assert set(counted.values()) == {1}  # the group has one, which each of its processes shows
    else:
        assert counted == {bystander.pid: 1}


@AS_ROOT
def test_the_waits_of_a_process_are_those_of_all_its_threads() -> None:
    crowd = "import threading\nfor _ in range(6): threading.Thread(target=lambda: sum(range(10**11))).start()"
    delay = RunDelay()
    delay.open()
    if delay.missing():
        pytest.skip("the kernel has no taskstats")
    with started([], crowd) as process:
        assert delay.of(process.pid, 1) == 0
        begin(process)
        eventually(lambda: delay.of(process.pid, 1) > 1_000_000)
        assert delay.of(process.pid, 2) == 0  # another process with its pid
    assert delay.of(process.pid, 2) == 0
    delay.close()

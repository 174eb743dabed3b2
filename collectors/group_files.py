"""The files in which control groups show their limits, of version 1 and of version 2 (cgroups(7)).

Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/{memory,../scheduler/sched-bwc}.rst describe them. Reading one
costs about 10 us. What is not there, or cannot be read, is None.
"""

# ruff: noqa: PTH110, PTH112, PTH121

import os
from collections.abc import Iterable
from typing import NamedTuple, Protocol

from collectors.procfs import read_file
from schemas.text import to_bytes

MOST_GROUPS = 500  # read in a window
ROOT = "/sys/fs/cgroup"
_UNIFIED = ("", "/unified")  # the second beside controllers of version 1
_CPU_V1 = ("/cpu", "/cpu,cpuacct")
_DIGITS = 20  # of a number of 64 bits
_NO_LIMIT = 1 << 62  # version 1 has a number near the greatest one where there is no limit


class Quota(NamedTuple):
    """How often a group has been stopped by its CPU quota since it was made."""

    periods: int  # in which it ran
    throttled: int  # those in which it was stopped
    throttled_us: int  # for how long, on all CPUs together


class CpuFiles(Protocol):
    """Reads what the cpu controller shows of a group, given its folder below `root`."""

    root: str

    def limits(self, group: str) -> bool | None:
        """Return whether the group itself has a quota."""

    def quota(self, group: str) -> Quota | None:
        """Return how its quota has stopped it."""


class MemoryFiles(Protocol):
    """Reads what the memory controller shows of a group, given its folder below `root`."""

    root: str

    def limit(self, group: str) -> int | None:
        """Return the limit of the group itself, bytes; 0 where it has none."""

    def used(self, group: str) -> int | None:
        """Return what it uses, bytes, without files that it may drop at once."""

    def kills(self, group: str) -> int | None:
        """Return how many of its processes the kernel has killed for want of memory."""


class CpuV2:
    """The cpu controller of version 2."""

    def __init__(self, root: str) -> None:
        self.root = root

    def limits(self, group: str) -> bool | None:
        """Return whether the group itself has a quota."""
        raw = read_file(f"{self.root}{group}/cpu.max")
        return None if raw is None else not raw.startswith(b"max")

    def quota(self, group: str) -> Quota | None:
        """Return how its quota has stopped it."""
        return _quota(f"{self.root}{group}/cpu.stat", b"throttled_usec", 1)


class CpuV1:
    """The cpu controller of version 1."""

    def __init__(self, root: str) -> None:
        self.root = root

    def limits(self, group: str) -> bool | None:
        """Return whether the group itself has a quota."""
        quota = _number(f"{self.root}{group}/cpu.cfs_quota_us")
        return None if quota is None else quota > 0

    def quota(self, group: str) -> Quota | None:
        """Return how its quota has stopped it."""
        return _quota(f"{self.root}{group}/cpu.stat", b"throttled_time", 1_000)  # nanoseconds


class MemoryV2:
    """The memory controller of version 2."""

    def __init__(self, root: str) -> None:
        self.root = root

    def limit(self, group: str) -> int | None:
        """Return the limit of the group itself, bytes; 0 where it has none."""
        raw = read_file(f"{self.root}{group}/memory.max")
        return 0 if raw is not None and raw.startswith(b"max") else _parse(raw)

    def used(self, group: str) -> int | None:
        """Return what it uses, bytes, without files that it may drop at once."""
        return _used(f"{self.root}{group}", "memory.current", b"inactive_file")

    def kills(self, group: str) -> int | None:
        """Return how many of its processes the kernel has killed: its own, or before Linux 5.2 those below as well."""
        folder = f"{self.root}{group}"
        raw = read_file(f"{folder}/memory.events.local") or read_file(f"{folder}/memory.events")
        return _field(raw, b"oom_kill")


class MemoryV1:
    """The memory controller of version 1."""

    def __init__(self, root: str) -> None:
        self.root = root

    def limit(self, group: str) -> int | None:
        """Return the limit of the group itself, bytes; 0 where it has none."""
        limit = _number(f"{self.root}{group}/memory.limit_in_bytes")
        return None if limit is None else limit * (limit < _NO_LIMIT)

    def used(self, group: str) -> int | None:
        """Return what it uses, bytes, without files that it may drop at once."""
        return _used(f"{self.root}{group}", "memory.usage_in_bytes", b"total_inactive_file")

    def kills(self, group: str) -> int | None:
        """Return how many of its processes the kernel has killed; before Linux 4.13 nothing shows it."""
        return _field(read_file(f"{self.root}{group}/memory.oom_control"), b"oom_kill")


class Controllers(NamedTuple):
    """What is mounted of control groups; None and "" for what is not."""

    cpu: CpuFiles | None
    memory: MemoryFiles | None
    unified: str


def mounted(proc: str = "/proc", root: str | None = None) -> Controllers:
    """Return the controllers of the host's control groups: each is in version 1 or in version 2, never in both."""
    found = _root(proc) if root is None else root
    unified = next((found + part for part in _UNIFIED if os.path.exists(f"{found}{part}/cgroup.controllers")), "")
    known = (read_file(f"{unified}/cgroup.controllers") or b"").split() if unified else []
    cpu: CpuFiles | None = CpuV2(unified) if b"cpu" in known else None
    memory: MemoryFiles | None = MemoryV2(unified) if b"memory" in known else None
    for part in _CPU_V1:
        if cpu is None and os.path.exists(f"{found}{part}/cpu.stat"):
            cpu = CpuV1(f"{found}{part}")
    if memory is None and os.path.exists(f"{found}/memory/memory.usage_in_bytes"):
        memory = MemoryV1(f"{found}/memory")
    return Controllers(cpu, memory, unified)


def below_root(paths: Iterable[str]) -> list[str]:
    """Return the paths that lead to a group of ours below the root, in order."""
    return [path for path in sorted(paths) if path.startswith("/") and path != "/" and "/.." not in path]


def folder_of(path: str) -> str:
    """Return the folder of a group, below that of its controller."""
    return os.fsdecode(to_bytes(path))


def _root(proc: str) -> str:
    """Return where the host's control groups are mounted: as its first process sees it, where that may be read."""
    outside = f"{proc}/1/root{ROOT}"
    try:
        same = os.path.samefile(outside, ROOT)
    except OSError:
        return outside if os.path.isdir(outside) else ROOT
    return ROOT if same else outside  # the shorter one is read faster


def _quota(path: str, time: bytes, in_a_us: int) -> Quota | None:
    raw = read_file(path)
    periods, throttled = _field(raw, b"nr_periods"), _field(raw, b"nr_throttled")
    if periods is None or throttled is None:
        return None
    return Quota(periods, throttled, (_field(raw, time) or 0) // in_a_us)


def _used(folder: str, name: str, idle: bytes) -> int | None:
    used = _number(f"{folder}/{name}")
    if used is None:
        return None
    return max(used - (_field(read_file(f"{folder}/memory.stat"), idle) or 0), 0)


def _field(raw: bytes | None, name: bytes) -> int | None:
    """Return a number in a flat-keyed file: a name and a number a line."""
    number = (b"\n" + (raw or b"")).partition(b"\n" + name + b" ")[2].partition(b"\n")[0]
    return int(number) if number.isdigit() and len(number) <= _DIGITS else None


def _number(path: str) -> int | None:
    return _parse(read_file(path))


def _parse(raw: bytes | None) -> int | None:
    number = (raw or b"").strip()
    return int(number) if number.removeprefix(b"-").isdigit() and len(number) <= _DIGITS else None

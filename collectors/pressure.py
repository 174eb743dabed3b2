"""Pressure: for how long processes waited for the CPU, for memory or for a disk, on the host and in control groups.

The kernel counts the microseconds in which at least one process of a group had to wait (CONFIG_PSI,
Documentation/accounting/psi.rst). Reading one file costs about 10 us.
"""

# ruff: noqa: PTH110, PTH116

import os
from collections.abc import Collection
from typing import NamedTuple

from collectors.growth import Growth
from collectors.procfs import read_file
from schemas.text import to_bytes

FOLDERS = ("/sys/fs/cgroup", "/sys/fs/cgroup/unified")  # the second beside control groups of version 1
MOST_GROUPS = 500  # read in a window
ENOUGH_US = 5_000  # in a window, of processes that have nothing else to report: a thousandth of 5 s


class Waited(NamedTuple):
    """The time in which somebody waited, in microseconds, by what for."""

    cpu_pressure_us: int = 0
    memory_pressure_us: int = 0
    io_pressure_us: int = 0


NOBODY = Waited()
_RESOURCES = ("cpu", "memory", "io")  # in the order of the fields of Waited


class Pressure:
    """Reads totals, and takes the difference to the reading before; the first reading of a place gives nothing."""

    def __init__(self, proc: str = "/proc", folder: str | None = None) -> None:
        self._proc = proc
        self._folder = _groups(proc) if folder is None else folder
        self._growth: dict[str, tuple[Growth[int], ...]] = {}
        self._unread = 0

    def host(self) -> Waited:
        """Return how long somebody waited on the host since the last call."""
        return self._since("", f"{self._proc}/pressure/", "")

    def groups(self, paths: Collection[str]) -> dict[str, Waited]:
        """Return how long somebody waited in each control group, those of `paths` in which somebody did."""
        inside = [path for path in sorted(paths) if path.startswith("/") and path != "/" and "/.." not in path]
        self._unread = max(len(inside) - MOST_GROUPS, 0)
        if not self._folder:
            return {}
        found = {}
        for path in inside[:MOST_GROUPS]:
            waited = self._since(path, f"{self._folder}{os.fsdecode(to_bytes(path))}/", ".pressure")
            if any(waited):
                found[path] = waited
        return found

    def forget(self, living: Collection[str]) -> None:
        """Forget the control groups in which nobody lives any more."""
        for path in self._growth.keys() - set(living) - {""}:
            del self._growth[path]

    def missing(self) -> dict[str, str]:
        """Return what cannot be seen."""
        if read_file(f"{self._proc}/pressure/cpu") is None:
            return {"pressure (waits for CPU, memory and disks)": "a kernel that counts it (CONFIG_PSI, psi=1)"}
        if not self._folder:
            return {"pressure of services": "control groups of version 2, mounted at /sys/fs/cgroup"}
        if self._unread:
            return {"pressure of some services": f"no more than {MOST_GROUPS} busy ones: {self._unread} are left out"}
        return {}

    def _since(self, place: str, folder: str, ending: str) -> Waited:
        growth = self._growth.setdefault(place, tuple(Growth() for _ in _RESOURCES))
        totals = (_total(read_file(folder + what + ending)) for what in _RESOURCES)
        return Waited(*(one.to(total) for one, total in zip(growth, totals, strict=True)))


def _total(raw: bytes | None) -> int | None:
    """Return the total of the line `some`; None where there is none."""
    total = (raw or b"").partition(b"total=")[2].partition(b"\n")[0]
    return int(total) if total.isdigit() else None


def _groups(proc: str) -> str:
    """Return where the host's control groups of version 2 are mounted; "" for nowhere."""
    for root in (f"{proc}/1/root", ""):
        for folder in FOLDERS:
            if os.path.exists(f"{root}{folder}/cgroup.controllers"):
                return folder if _same(f"{root}{folder}", folder) else f"{root}{folder}"
    return ""


def _same(one: str, other: str) -> bool:
    """Return whether two paths are one folder; the shorter one is read faster."""
    try:
        return os.path.samestat(os.stat(one), os.stat(other))
    except OSError:
        return False

"""Pressure: for how long processes waited for the CPU, for memory or for a disk, on the host and in control groups.

The kernel counts the microseconds in which at least one process of a group had to wait (CONFIG_PSI,
Documentation/accounting/psi.rst). Reading one file costs about 10 us.
"""

from collections.abc import Collection
from typing import NamedTuple

from collectors.group_files import folder_of, mounted
from collectors.growth import Growth
from collectors.procfs import read_file

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
        self._folder = mounted(proc).unified if folder is None else folder
        self._growth: dict[str, tuple[Growth[int], ...]] = {}

    def host(self) -> Waited:
        """Return how long somebody waited on the host since the last call."""
        return self._since("", f"{self._proc}/pressure/", "")

    def groups(self, paths: Collection[str]) -> dict[str, Waited]:
        """Return how long somebody waited in each control group, those of `paths` in which somebody did."""
        if not self._folder:
            return {}
        found = {}
        for path in paths:
            waited = self._since(path, f"{self._folder}{folder_of(path)}/", ".pressure")
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
        return {}

    def _since(self, place: str, folder: str, ending: str) -> Waited:
        growth = self._growth.setdefault(place, tuple(Growth() for _ in _RESOURCES))
        totals = (_total(read_file(folder + what + ending)) for what in _RESOURCES)
        return Waited(*(one.to(total) for one, total in zip(growth, totals, strict=True)))


def _total(raw: bytes | None) -> int | None:
    """Return the total of the line `some`; None where there is none."""
    total = (raw or b"").partition(b"total=")[2].partition(b"\n")[0]
    return int(total) if total.isdigit() else None

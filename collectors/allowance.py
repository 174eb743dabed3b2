"""How much CPU time looking at requests may take: less the less the CPUs of the host have to spare.

A program that takes all it can get would be slowed down by whatever looks at it. What runs at low priority gives way to
others, so its CPU time counts as spare.
"""

import os
import time
from collections.abc import Callable

from collectors.growth import Growth
from collectors.procfs import read_file

LEAST_S = 0.1  # CPU time in any window
LEAST_SHARE, MOST_SHARE = 0.02, 0.12  # of a core
PLENTY = 1.0  # cores to spare with which as much as ever may be taken
_LATELY_S = 1.0
_NICE, _IDLE, _WAITING = 1, 3, 4  # fields of the first line of /proc/stat; waiting for disks is idle
_FIELDS = 8  # without guests, whose time is in others


class Spare:
    """Knows how many cores had nothing urgent to do lately; all of them where the kernel does not say."""

    def __init__(self, proc: str = "/proc", monotonic: Callable[[], float] = time.monotonic) -> None:
        self._proc = proc
        self._monotonic = monotonic
        self._at = float("-inf")
        self._free, self._all = Growth[int](), Growth[int]()
        self._cores = float(os.cpu_count() or 1)

    def cores(self) -> float:
        """Return how many there were on average, since a second ago or longer."""
        now = self._monotonic()
        if now - self._at >= _LATELY_S:
            self._at = now
            times = cpu_times(read_file(f"{self._proc}/stat") or b"")
            free, spent = (self._free.to(times and times[0]), self._all.to(times and times[1]))
            whole = float(os.cpu_count() or 1)
            self._cores = whole * min(free / spent, 1.0) if spent else whole
        return self._cores


def cpu_times(stat: bytes) -> tuple[int, int] | None:
    """Return the time in which CPUs were to spare and all their time, in ticks; None if it does not say."""
    name, *fields = stat.partition(b"\n")[0].split()[: _FIELDS + 1] or [b""]
    if name != b"cpu" or len(fields) <= _WAITING or not all(map(bytes.isdigit, fields)):
        return None
    times = [int(field) for field in fields]
    return times[_NICE] + times[_IDLE] + times[_WAITING], sum(times)


def allowance(seconds: float, spare: float) -> float:
    """Return how much CPU time may be taken in a window of some seconds while so many cores are to spare."""
    share = LEAST_SHARE + (MOST_SHARE - LEAST_SHARE) * min(spare / PLENTY, 1.0)
    return max(LEAST_S, share * seconds)

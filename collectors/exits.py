"""How processes ended: when, with which code or signal, and whether the kernel killed them for want of memory."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from collectors.process_events import Exit

SIGKILL = 9
PATIENCE = 4  # windows in which a process that was killed may still be ending, or its end is not reported yet
ExitRow = tuple[int, int, int, int, int, bool]  # in the order of schemas.raw.Exits


class Gone(NamedTuple):
    """A process that ended, and the event of it; None where that was not seen."""

    pid: int
    start: int
    group: str
    event: Exit | None
    missed_ms: float = 0.0  # when it was first not there any more, if that was noticed


class Exits:
    """Knows which processes were killed lately."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._killed: dict[int, int] = {}  # the windows that are left

    def note(self, killed: Iterable[int]) -> None:
        """Take the pids of processes that the kernel has killed for want of memory."""
        self._killed |= dict.fromkeys(killed, PATIENCE)

    def rows(self, gone: Sequence[Gone]) -> list[ExitRow]:
        """Return the rows of the processes that ended in a window, which ends with it."""
        now_ms, now_ns = self._clock() * 1000, time.monotonic_ns()
        rows = []
        for each in gone:
            code, signal, exited = -1, 0, each.missed_ms or now_ms
            if each.event is not None:
                code, signal = parse_status(each.event.status)
                exited = now_ms - (now_ns - each.event.at_ns) / 1e6
            rows.append((each.pid, each.start, round(exited), code, signal, self.is_killed(each)))
        reported = {each.pid for each in gone if self.is_killed(each)}
        self._killed = {pid: left - 1 for pid, left in self._killed.items() if left > 1 and pid not in reported}
        return rows

    def kills(self, gone: Iterable[Gone]) -> Counter[str]:
        """Return how many processes the kernel has killed in each control group."""
        return Counter(each.group for each in gone if self.is_killed(each))

    def is_killed(self, gone: Gone) -> bool:
        """Return whether the kernel has killed a process: one that ended in another way had the pid before."""
        if gone.pid not in self._killed:
            return False
        return gone.event is None or parse_status(gone.event.status) == (-1, SIGKILL)


def parse_status(status: int) -> tuple[int, int]:
    """Return exit code and signal of a wait status; the code is -1 when a signal ended the process."""
    signal = status & 0x7F
    return (-1, signal) if signal else (status >> 8 & 0xFF, 0)

"""What the parts of `servicemap up` use, sampled as they run, and how late the map is."""

import statistics
import time
from collections import defaultdict
from typing import NamedTuple

import psutil

from tests.e2e.running import Up

LATEST = "SELECT max(toUnixTimestamp64Milli(window) + width_ms) FROM edges WHERE window > now64(3) - INTERVAL 10 MINUTE"


class Use(NamedTuple):
    """One look at a part."""

    resident: int  # bytes
    descriptors: int
    threads: int


class Meter:
    """Looks at all parts again and again."""

    def __init__(self, running: Up) -> None:
        self._running = running
        self.uses: dict[str, list[Use]] = defaultdict(list)
        self.lags: list[float] = []  # seconds since the end of the newest window stored

    def look(self) -> None:
        """Look once."""
        for name, pid in {"up": self._running.process.pid, **self._running.parts()}.items():
            try:
                process = psutil.Process(pid)
                use = Use(process.memory_info().rss, process.num_fds(), process.num_threads())
            except psutil.Error:
                continue
            self.uses[name].append(use)
        rows = self._running.sql(LATEST)
        if rows and rows[0][0]:
            self.lags.append(time.time() - rows[0][0] / 1000)

    def lines(self) -> list[str]:
        """Return a table of the second quarter of the time and of the last: median of memory, least of the others."""
        form = "{:<8} {:>16.1f} {:>8.1f} {:>7} {:>6} {:>8} {:>6}"
        lines = ["part     MiB, 2nd quarter     last   files   last  threads   last"]
        for name, (before, after) in sorted(self.quarters().items()):
            pairs = zip((before.resident / 2**20, *before[1:]), (after.resident / 2**20, *after[1:]), strict=True)
            lines.append(form.format(name, *(each for pair in pairs for each in pair)))
        if self.lags:
            worst = sorted(self.lags)[int(len(self.lags) * 0.99)]
            lines.append(f"lag of the newest window: median {statistics.median(self.lags):.1f} s, p99 {worst:.1f} s")
        return lines

    def quarters(self) -> dict[str, tuple[Use, Use]]:
        """Return what a part used in the second quarter and in the last one."""
        return {name: (_quarter(uses, 1), _quarter(uses, 3)) for name, uses in self.uses.items() if len(uses) >= 8}


def _quarter(uses: list[Use], quarter: int) -> Use:
    """Return the median of memory, and the least of what clients that come and go need."""
    size = len(uses) // 4
    chosen = uses[quarter * size : (quarter + 1) * size]
    return Use(
        int(statistics.median(use.resident for use in chosen)),
        min(use.descriptors for use in chosen),
        min(use.threads for use in chosen),
    )

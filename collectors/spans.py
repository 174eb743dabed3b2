"""Of which time the counters of a window are: of the window, or of a longer one where nobody counted for a while.

A process that is stopped, a machine too busy to run it, a collector that failed: what it reports next is of all the
time since it last did. While the machine itself sleeps, or when the wall clock is set, only that one moves on.
"""

import time
from collections.abc import Callable

from collectors.window import Window

LEAST_LATE_MS = 1_000


class Spans:
    """When each source, the load (None) or a collector, has counted last. `clock` gives ms since the epoch."""

    def __init__(self, clock: Callable[[], int], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._monotonic = monotonic
        self._began = (clock(), self._apart())
        self._counted: dict[object, tuple[int, int]] = {}
        self._last = -1  # start of the last window reported

    def count(self, source: object, window: Window) -> None:
        """Note that a source has counted up to the end of a window."""
        self._counted[source] = (window.end, self._apart())
        self._last = window.start

    def covers(self, source: object, window: Window) -> int:
        """Return the ms up to a window's end that a source's counters are of; 0 for the width of the window."""
        since, apart = self._counted.get(source, self._began)
        span, slept = window.end - since, self._apart() - apart
        if span > window.width and slept > window.width // 2:
            span = max(span - slept, window.width)
        return 0 if span == window.width else max(span, 1)

    def overslept(self, window: Window, now: int) -> bool:
        """Return whether it is so late that what is counted by now belongs to a later window as well."""
        _, apart = self._counted.get(None, self._began)
        late = now - window.end
        return min(late, late - (self._apart() - apart)) >= max(window.width // 2, LEAST_LATE_MS)

    def reported(self, window: Window) -> bool:
        """Return whether a window has been reported."""
        return window.start <= self._last

    def _apart(self) -> int:
        """Return how far the wall clock is ahead of the one that neither sleeps nor is set, ms."""
        return self._clock() - round(self._monotonic() * 1000)

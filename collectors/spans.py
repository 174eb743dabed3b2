"""Of which time the counters of a window are: of the window, or of a longer one where nobody counted for a while.

A process that is stopped, a machine too busy to run it, a collector that failed: what it reports next is of all the
time since it last did. While the machine itself sleeps nothing is counted: the time is what both clocks agree on.
"""

import time
from collections.abc import Callable

from collectors.window import Window

LEAST_LATE_MS = 1_000


class Spans:
    """When each source, the load (None) or a collector, has counted last."""

    def __init__(self, now: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._began = (now, monotonic())
        self._counted: dict[object, tuple[int, float]] = {}
        self._last = -1  # start of the last window reported

    def count(self, source: object, window: Window) -> None:
        """Note that a source has counted up to the end of a window."""
        self._counted[source] = (window.end, self._monotonic())
        self._last = window.start

    def covers(self, source: object, window: Window) -> int:
        """Return the ms up to a window's end that a source's counters are of; 0 for the width of the window."""
        since, then = self._counted.get(source, self._began)
        span = window.end - since
        if span > window.width:
            awake = round((self._monotonic() - then) * 1000)
            if awake < span - window.width // 2:
                span = max(awake, window.width)
        return 0 if span == window.width else max(span, 1)

    def overslept(self, window: Window, now: int) -> bool:
        """Say whether it is so late that what is counted by now belongs to a later window as well."""
        _, then = self._counted.get(None, self._began)
        slack = max(window.width // 2, LEAST_LATE_MS)
        awake = (self._monotonic() - then) * 1000
        return now >= window.end + slack and awake >= window.width + slack

    def reported(self, window: Window) -> bool:
        """Say whether a window has been reported."""
        return window.start <= self._last

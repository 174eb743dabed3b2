"""Counts what clients were refused and why; each reason is logged at most once a minute."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable

log = logging.getLogger(__name__)

EVERY_SECONDS = 60.0


class Tally:
    """Counts by reason since the start. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._logged: dict[str, tuple[float, int]] = {}  # when, and the count at that time

    def count(self, reason: str, detail: str = "") -> None:
        """Count one more; `detail` is logged with it when a line is due."""
        now = self._clock()
        with self._lock:
            self._counts[reason] += 1
            at, before = self._logged.get(reason, (-EVERY_SECONDS, 0))
            if now - at < EVERY_SECONDS:
                return
            self._logged[reason] = (now, self._counts[reason])
            new = self._counts[reason] - before
        log.warning("clients: %s%s (%d since the last such line)", reason, f": {detail}" if detail else "", new)

    def counts(self) -> dict[str, int]:
        """Return the counts so far."""
        with self._lock:
            return dict(self._counts)

"""What the folds could not use or had to leave out. Counters that grow are logged once a minute.

Batches that were only read again (`repeated_batches`) are left out on purpose and not logged.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence

from streams.stage import Stage

_log = logging.getLogger(__name__)

EVERY_S = 60.0
TEXTS = {
    "dead_letters": "records went to the dead letters",
    "rows_left_out": "rows were left out of records",
    "too_large": "records were too large for the log",
    "windows_set_aside": "windows of agents beside the one that leads were set aside",
    "incomplete_windows": "windows were emitted without all of their batches",
    "stale_windows": "incomplete windows were dropped, later ones being long complete",
    "forced_windows": "windows were emitted incomplete, as too many were waiting",
    "placeless_windows": "windows were dropped, no heartbeat of their agent having come",
    "requests_without_connection": "flows with requests were on no known connection",
    "batches_ahead_of_the_clock": "batches were ahead of the log's clock",
}


class Discards:
    """Logs which counters of stages grew; `logged` has the counts of the last line."""

    def __init__(self, stages: Sequence[Stage], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._stages = stages
        self._monotonic = monotonic
        self._next = monotonic() + EVERY_S
        self.logged: Counter[str] = Counter()

    def log(self, *, now: bool = False) -> None:
        """Log what grew since the last line, if that is a minute ago or `now` is set."""
        if self._monotonic() < self._next and not now:
            return
        self._next = self._monotonic() + EVERY_S
        counted = sum((stage.counters for stage in self._stages), Counter[str]())
        grown = [
            f"{counted[name] - self.logged[name]} {text}"
            for name, text in TEXTS.items()
            if counted[name] > self.logged[name]
        ]
        self.logged = Counter({name: counted[name] for name in TEXTS})
        if grown:
            _log.warning("%s", "; ".join(grown))

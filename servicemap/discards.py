"""What the folds could not use or had to leave out. Counters that grow are logged once a minute.

Batches that were only read again (`repeated_batches`) are left out on purpose and not logged.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence

from schemas.metrics import STAGE_COUNTERS
from streams.stage import Stage

_log = logging.getLogger(__name__)

EVERY_S = 60.0
REPORTED = {name: metric.meaning for name, metric in STAGE_COUNTERS.items() if metric.matters}


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
            f"{counted[name] - self.logged[name]} {meaning}"
            for name, meaning in REPORTED.items()
            if counted[name] > self.logged[name]
        ]
        self.logged = Counter({name: counted[name] for name in REPORTED})
        if grown:
            _log.warning("%s", "; ".join(grown))

"""What the folds could not use or had to leave out: a line a minute on stderr where it grows. Nothing goes in silence.

What was only read again (`repeated_batches`) is left out on purpose and not told.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence

from streams.stage import Stage

_log = logging.getLogger(__name__)

EVERY_S = 60.0
SAID = {
    "dead_letters": "records went to the dead letters",
    "rows_left_out": "rows were left out of records",
    "too_large": "records were too large for the log",
    "windows_set_aside": "windows of agents beside the one that leads were set aside",
    "incomplete_windows": "windows were told without all of their batches",
    "stale_windows": "incomplete windows were dropped, later ones being long complete",
    "forced_windows": "windows were told as they are, too many waiting",
    "placeless_windows": "windows were dropped, no heartbeat of their agent having come",
    "requests_without_connection": "flows with requests were on no known connection",
    "batches_ahead_of_the_clock": "batches were ahead of the log's clock",
}


class Discards:
    """Tells what grew in the counters of stages; `told` has the counts that were told of."""

    def __init__(self, stages: Sequence[Stage], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._stages = stages
        self._monotonic = monotonic
        self._next = monotonic() + EVERY_S
        self.told: Counter[str] = Counter()

    def tell(self, *, now: bool = False) -> None:
        """Tell what grew since it was told last, if that is a minute ago or `now` is asked for."""
        if self._monotonic() < self._next and not now:
            return
        self._next = self._monotonic() + EVERY_S
        counted = sum((stage.counters for stage in self._stages), Counter[str]())
        grown = [
            f"{counted[name] - self.told[name]} {text}"
            for name, text in SAID.items()
            if counted[name] > self.told[name]
        ]
        self.told = Counter({name: counted[name] for name in SAID})
        if grown:
            _log.warning("%s", "; ".join(grown))

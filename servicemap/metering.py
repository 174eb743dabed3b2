"""What the sink sees of the pipeline, once a minute, into the table `pipeline`: for dashboards and alerts.

    facts_late     s since the end of the newest window that any host told of: agents, log and sink
    edges_late     s since the end of the newest window of an edge: the folds as well
    dead_letters   records of any stage that could not be used, more than a minute ago
    refused        of those, the records that this sink could not store
    store_retries  times that this sink had to ask the store again

Lateness is as of the clock of the sink. A reader that is behind shows as lateness, in seconds; in records,
`servicemap log lag` says it.
"""

import logging
import os
import socket
import time
from collections.abc import Callable

from log.protocol import Log, LogError
from schemas.topics import DEAD_LETTERS
from sinks.sink import Sink
from sinks.store import Store, StoreError

log = logging.getLogger(__name__)

MINUTE_MS = 60_000
_NEWEST = """
SELECT
    toUnixTimestamp64Milli((SELECT max(window) FROM host_usage)),
    toUnixTimestamp64Milli((SELECT max(window) FROM edges)),
    (SELECT max(width_ms) FROM host_usage WHERE window = (SELECT max(window) FROM host_usage))
"""


class Meter:
    """Tells of one sink and what it reads; `now` in ms."""

    def __init__(
        self,
        source: Log,
        store: Store,
        sink: Sink,
        now: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        name: str = f"{socket.gethostname()}:{os.getpid()}",
    ) -> None:
        self._log = source
        self._store = store
        self._sink = sink
        self._now = now
        self._name = name
        self._minute = now() // MINUTE_MS
        self._counted: dict[str, int] = {}
        self._partitions: int | None = None
        self._newest: dict[str, float] = {}  # ends of the newest windows, ms

    def tell(self) -> None:
        """Tell of the minute that has ended, if one has; what cannot be told is left out."""
        minute = self._now() // MINUTE_MS
        if minute == self._minute:
            return
        self._minute = minute
        try:
            measured = {**self._lateness(), **self._growth()}
            count = len(measured)
            self._store.insert(
                "pipeline",
                {
                    "minute": [minute * MINUTE_MS] * count,
                    "measure": list(measured),
                    "sink": [self._name] * count,
                    "value": list(measured.values()),
                },
            )
        except (StoreError, LogError) as error:  # the next insert of rows says so and waits
            log.debug("nothing is told of the pipeline: %s", error)

    def _lateness(self) -> dict[str, float]:
        ((facts, edges, width),) = self._store.query(_NEWEST)
        self._newest = {name: at + width for name, at in (("facts", facts), ("edges", edges)) if at > 0}
        return {f"{of}_late": seconds for of, seconds in self.delays().items()}

    def delays(self) -> dict[str, float]:
        """Return the seconds since the newest windows ended that were in the store at the last minute's look."""
        return {of: max(0.0, self._now() - end) / 1000 for of, end in self._newest.items()}

    def _growth(self) -> dict[str, float]:
        """Return how much each counter has grown since the minute before; nothing in the first."""
        topic = DEAD_LETTERS.name
        if self._partitions is None:
            self._partitions = next((each.partitions for each in self._log.topics() if each.name == topic), 0)
        counted = {
            "dead_letters": sum(self._log.bounds(topic, partition)[1] for partition in range(self._partitions)),
            "refused": self._sink.counters["refused"],
            "store_retries": self._store.retries,
        }
        before, self._counted = self._counted, counted
        return {name: float(count - before[name]) for name, count in counted.items() if name in before}

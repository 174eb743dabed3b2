"""Measures of the pipeline, which the sink stores once a minute in the table `pipeline`, for dashboards and alerts.

    facts_late     s since the end of the newest window of any host: the delay of agents, log and sink
    edges_late     s since the end of the newest window of an edge: that of the folds as well
    dead_letters   new records of any stage that could not be used
    refused        of those, the records that this sink could not store
    store_retries  how often this sink had to repeat a request to the store

Delays are measured with the clock of the sink. A reader that is behind shows as a delay, in seconds;
`servicemap log lag` prints it in records.
"""

import logging
import os
import socket
import time
from collections.abc import Callable

from graph.stored import NewestEndsRow, newest_ends
from log.protocol import Log, LogError
from schemas.times import MINUTE_MS
from schemas.topics import DEAD_LETTERS
from sinks.sink import Sink
from sinks.store import Store, StoreError

log = logging.getLogger(__name__)


class Meter:
    """Measures one sink and the log that it reads. `now` returns ms."""

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

    def measure(self) -> None:
        """Store the measures of a minute that has ended. Without store or log that minute is left out."""
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
        except (StoreError, LogError) as error:  # the next insert of rows reports it and waits
            log.debug("the pipeline is not measured: %s", error)

    def _lateness(self) -> dict[str, float]:
        ends = self._store.row(NewestEndsRow, newest_ends())
        self._newest = {name: end for name, end in ends._asdict().items() if end}
        return {f"{of}_late": seconds for of, seconds in self.delays().items()}

    def delays(self) -> dict[str, float]:
        """Return the seconds since the newest windows ended that the store had at the last measurement."""
        return {of: max(0.0, self._now() - end) / 1000 for of, end in self._newest.items()}

    def _growth(self) -> dict[str, float]:
        """Return how much each counter has grown since the minute before; nothing in the first."""
        topic = DEAD_LETTERS.name
        if self._partitions is None:
            self._partitions = next((each.partitions for each in self._log.topics() if each.name == topic), 0)
        counted = {
            "dead_letters": sum(self._log.bounds(topic, partition).end for partition in range(self._partitions)),
            "refused": self._sink.counters["refused"],
            "store_retries": self._store.retries,
        }
        before, self._counted = self._counted, counted
        return {name: float(count - before[name]) for name, count in counted.items() if name in before}

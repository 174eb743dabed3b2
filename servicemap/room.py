"""Keep the log and the embedded store of a data directory within their share of the disk. The sink does it.

The budget is of what `up` runs on one machine. A ClickHouse server and Apache Kafka have settings of their own, and a
log that is elsewhere is on a disk of its own.
"""

import logging
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from graph.recorded import windows_since
from graph.stored import Dropped, NewestEndsRow, newest_ends
from log.protocol import LogError
from log.shrinking import Shrinking
from schemas import metrics
from schemas.metrics import Sample
from schemas.times import HOUR_MS
from servicemap.browsing import groups
from servicemap.budget import Holding, shrunk
from servicemap.config import Config
from sinks import dropping
from sinks.dropping import TABLES_OF, Gone, Stretches
from sinks.store import Store, StoreError

logger = logging.getLogger(__name__)

EVERY_SECONDS = 30.0
AT_ONCE_SECONDS = 2.0  # more has to wait: rows are to be stored meanwhile


def budget_of(config: Config) -> int:
    """Return the bytes that log and store may take; 0 for no limit."""
    if config.store.url:
        return 0
    if config.disk.bytes:
        return config.disk.bytes
    there = next(folder for folder in (config.directory, *config.directory.absolute().parents) if folder.exists())
    return shutil.disk_usage(there).total * config.disk.percent // 100


def logged_here(config: Config) -> Path | None:
    """Return the file of the log in the data directory; None where the log is elsewhere."""
    return None if config.log.url else config.log_settings.path


class Logged:
    """The records of the log by the hour. The hours that `log.keep_hours` promises stay."""

    what = Dropped.LOG

    def __init__(self, shrinking: Shrinking, store: Store, promised_ms: int, now: Callable[[], int]) -> None:
        self._shrinking = shrinking
        self._store = store
        self._promised = promised_ms
        self._now = now

    def oldest(self) -> int | None:
        """Return when the hour of the oldest record ends, unless it is promised."""
        at = self._shrinking.oldest()
        until = None if at is None else (at // HOUR_MS + 1) * HOUR_MS
        return until if until is not None and until <= self._now() - self._promised else None

    def drop(self, until: int) -> Gone:
        """Delete what was logged before a time."""
        deleted = self._shrinking.delete(until)
        gone = Gone(self.what, until, deleted.records, deleted.size)
        dropping.note(self._store, gone, self._now())
        return gone


class Room:
    """Makes room when log and store take more than their budget. `now` returns ms."""

    def __init__(
        self,
        config: Config,
        store: Store,
        now: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.budget = budget_of(config)
        self.dropped: Counter[str] = Counter()
        self.dropped_bytes: Counter[str] = Counter()
        self.used: dict[str, int] = {}
        self._store = store
        self._now = now
        self._monotonic = monotonic
        self._next = monotonic()
        self._since = windows_since(store)  # also if another process dropped them
        self._shrinking: Shrinking | None = None
        self._holdings: list[Holding] = []
        if not self.budget:
            return
        file = logged_here(config)
        if file is not None:
            self._shrinking = Shrinking(file, _readers(config))
        logged = [Logged(self._shrinking, store, config.log.keep_hours * HOUR_MS, now)] if self._shrinking else []
        self._holdings = [Stretches(store, Dropped.FLOWS, now), *logged, Stretches(store, Dropped.MINUTES, now)]

    def since(self, table: str) -> int:
        """Return from when on a table takes rows, ms: those before were dropped."""
        return self._since if table in _FLOW_TABLES else 0

    def recent(self, times: Iterable[int]) -> list[int]:
        """Return the times whose minutes can be rolled up anew: their flows are there."""
        return [at for at in times if at >= self._since]

    def tend(self) -> None:
        """Drop the oldest, where it is time to look and too much is used; what takes long goes on at the next call."""
        if not self.budget or self._monotonic() < self._next:
            return
        begun = self._monotonic()
        self._next = begun + EVERY_SECONDS
        try:
            for gone in shrunk(self._holdings, self._measure, self.budget, self._newest()):
                self._count(gone)
                if self._monotonic() - begun > AT_ONCE_SECONDS:
                    self._next = begun
                    break
        except (StoreError, LogError) as error:
            logger.warning("no room could be made on the disk, trying again: %s", error)

    def samples(self) -> Iterator[Sample]:
        """Yield what is used and what was dropped."""
        yield Sample(metrics.DISK_BUDGET, self.budget)
        for of, size in dict(self.used).items():
            yield Sample(metrics.DISK_USED, size, (of,))
        for of in Dropped:
            yield Sample(metrics.DISK_DROPPED_ROWS, self.dropped[of], (of,))
            yield Sample(metrics.DISK_DROPPED_BYTES, self.dropped_bytes[of], (of,))

    def close(self) -> None:
        """Close the connection to the log."""
        if self._shrinking:
            self._shrinking.close()

    def _newest(self) -> int:
        """Return up to when edges are stored, ms: in an hour that is being filled, none are dropped."""
        return min(self._now(), self._store.row(NewestEndsRow, newest_ends()).edges or self._now())

    def _measure(self) -> int:
        self.used = {"store": dropping.used(self._store)}
        if self._shrinking:
            self.used[Dropped.LOG] = self._shrinking.used()
        return sum(self.used.values())

    def _count(self, gone: Gone) -> None:
        self.dropped[gone.what] += gone.rows
        self.dropped_bytes[gone.what] += gone.size
        if gone.what == Dropped.FLOWS:
            self._since = max(self._since, gone.until)


_FLOW_TABLES = {table.name for table in TABLES_OF[Dropped.FLOWS]}


def _readers(config: Config) -> dict[str, list[str]]:
    """Return the groups that have to read each topic."""
    readers: dict[str, list[str]] = {}
    for group, names in groups(config).items():
        for name in names:
            readers.setdefault(name, []).append(group)
    return readers

"""Fold all that is in a log into the tables of a store. Nothing is written to the log."""

import heapq
import time
from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from log.connect import partitions_of
from log.protocol import Bounds, Log, Record
from schemas import topics
from servicemap.replay.folding import Refold
from sinks.rollup import Rollup
from sinks.store import Store
from sinks.table import Table
from streams.naming import NamingRule

CHECK_RECORDS = 200  # between two words on progress


class Progress(Struct):
    """How far it is. `since`: when the oldest record was logged, ms."""

    step: str
    records: int = 0
    expected: int = 0
    rows: int = 0
    since: int = 0

    @property
    def far(self) -> str:
        """Return it in words."""
        return f"{self.records:,} of {self.expected:,} records, {self.rows:,} rows" if self.expected else ""


Report = Callable[[Progress], None]


def fold_all(log: Log, store: Store, rules: Sequence[NamingRule], tables: Sequence[Table], report: Report) -> Progress:
    """Fold what is logged into tables; return what was done."""
    refold = Refold(store, rules, partitions_of(log))
    refold.into(tables)
    progress = Progress("folding the log")
    partitions = {info.name: info.partitions for info in log.topics()}
    places = {
        (topic.name, number): log.bounds(topic.name, number)
        for topic in topics.MAPPED
        for number in range(partitions.get(topic.name, 0))
    }
    progress.expected = sum(end - first for first, end in places.values())
    for record in _records(log, places):
        progress.since = progress.since or record.timestamp
        if topics.BY_NAME[record.topic] in topics.UNFOLDED:
            refold.store(record)
        else:
            refold.feed(record)
        progress.records += 1
        if progress.records % CHECK_RECORDS == 0:
            progress.rows = refold.counters["rows"]
            report(progress)
    refold.flush()
    progress.rows = refold.counters["rows"]
    return progress


def sum_up(store: Store, now: Callable[[], int] = lambda: time.time_ns() // 1_000_000) -> None:
    """Roll up minutes and hours that are complete at a time, ms. Later ones are for a sink, which begins with them."""
    rollup = Rollup(store, now)
    for table in ("edges", "requests"):
        rows = store.query(f"SELECT DISTINCT toUnixTimestamp(toStartOfMinute(window)) FROM {table}")
        rollup.mark(table, [seconds * 1000 for (seconds,) in rows])
    store.persist(rollup.roll_up)


def _records(log: Log, places: dict[tuple[str, int], Bounds]) -> Iterator[Record]:
    """Iterate what is logged, oldest first."""
    streams = [log.read(*place, bounds.first, bounds.end) for place, bounds in places.items()]
    return heapq.merge(*streams, key=lambda record: record.timestamp)

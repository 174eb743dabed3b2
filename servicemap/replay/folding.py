"""The folds over raw records in this process: nothing is written to the log, and no consumer group is touched."""

from collections import Counter
from collections.abc import Sequence

from log.protocol import Record
from schemas import topics
from sinks.names import HostNames
from sinks.sink import MAX_ROWS, Sink
from sinks.store import Store
from sinks.table import Table
from sinks.tables import TOPICS
from streams.naming import NamingRule
from streams.stage import AttributeStage, PairStage


class Refold:
    """Feeds records through both folds and stores what they emit, in the tables that `into` sets."""

    def __init__(self, store: Store, rules: Sequence[NamingRule], partitions: int) -> None:
        self.counters: Counter[str] = Counter()
        self._store = store
        self._attribute = AttributeStage(rules, partitions)
        self._pair = PairStage()
        self._names = HostNames()
        self._sinks: list[Sink] = []
        self._topics: list[set[str]] = []

    def into(self, *targets: Sequence[Table]) -> None:
        """Store what comes from now on in each of these sets of tables."""
        self.flush()
        self._sinks = [Sink(self._store, self._refused, tables=tables, names=self._names) for tables in targets]
        self._topics = [{table.topic for table in tables} for tables in targets]

    def feed(self, record: Record) -> None:
        """Fold a raw record."""
        self.store(record)
        queue: list[Record] = [record]
        for message in queue:
            stage = self._pair if message.topic == topics.SIDES.name else self._attribute
            for made in stage.feed(message):
                emitted = Record(made.topic, made.partition or 0, 0, record.timestamp, made.key, made.value)
                if made.topic == topics.SIDES.name:
                    queue.append(emitted)
                elif made.topic == topics.DEAD_LETTERS.name:
                    self.counters["unusable"] += 1
                else:
                    self.store(emitted)

    def flush(self) -> None:
        """Store what is held."""
        for sink in self._sinks:
            self.counters["rows"] += sink.rows if sink is self._sinks[0] else 0
            sink.flush()

    def store(self, record: Record) -> None:
        """Store a record as it is, if there is a table for it."""
        if record.topic not in TOPICS:
            return
        if record.topic == topics.HEARTBEATS.name:
            self._names.take(record)
        for sink, taken in zip(self._sinks, self._topics, strict=True):
            if record.topic in taken:
                sink.add(record)
        if any(sink.rows >= MAX_ROWS for sink in self._sinks):
            self.flush()

    def _refused(self, record: Record, reason: str) -> None:
        self.counters["unusable"] += 1

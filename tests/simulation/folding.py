"""Fold what a simulation logs with the production folds into a store, and add up the truth beside it."""

from collections.abc import Callable, Iterable
from functools import partial
from zlib import crc32

from log.protocol import Record
from schemas import topics
from simulation.expected import Truth
from simulation.records import SimRecord, SimWindow
from sinks.sink import Sink
from sinks.store import Store
from sinks.tables import TOPICS
from streams.stage import AttributeStage, PairStage

PARTITIONS = 4
Seen = Callable[[SimWindow], None]


def stored(store: Store, windows: Iterable[SimWindow], *seen: Seen) -> Truth:
    """Store what production makes of the records, and return the truth; dead letters fail."""
    sink = Sink(store, _refused)
    attribute, pair = AttributeStage(partitions=PARTITIONS), PairStage()
    truth = Truth()
    for window in windows:
        truth.take(window.truth)
        for look in seen:
            look(window)
        for record in window.records:
            _fold(record, attribute, pair, sink)
    sink.flush()
    return truth


def _fold(made: SimRecord, attribute: AttributeStage, pair: PairStage, sink: Sink) -> None:
    partition = crc32(made.key) % PARTITIONS
    record = Record(made.topic, partition, 0, made.timestamp, made.key, made.value)
    emitted = partial(Record, offset=0, timestamp=made.timestamp)
    if made.topic in TOPICS:
        sink.add(record)
    for one in attribute.feed(record) if topics.BY_NAME[made.topic].folded else ():
        if one.topic == topics.SIDES.name:
            side = emitted(one.topic, one.partition or 0, key=one.key, value=one.value)
            edges = pair.feed(side)
            for each in edges:
                assert each.topic != topics.DEAD_LETTERS.name, each.value
                sink.add(emitted(each.topic, each.partition or 0, key=each.key, value=each.value))
            continue
        assert one.topic != topics.DEAD_LETTERS.name, one.value
        if one.topic in TOPICS:
            sink.add(emitted(one.topic, partition, key=one.key, value=one.value))


def _refused(record: Record, reason: str) -> None:
    raise AssertionError(f"{record.topic}: {reason}")

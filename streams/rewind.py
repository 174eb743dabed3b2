"""The records that a reader reads again before it goes on: a bounded stretch, from which it rebuilds its state.

The folds emit their rows of that stretch again, and equal rows merge.
"""

from collections.abc import Iterator

from log.protocol import History, Record
from streams.stage import Stage

# What stands while its collector fails (streams/host.py: 420 s), the next keyframe (60 s), windows that wait (120 s).
STRETCH_MS = 600_000


def stretch(log: History, stage: Stage, partition: int, offsets: dict[str, int]) -> Iterator[Record]:
    """Iterate the records that a stage reads again before it goes on at these offsets of its topics.

    One topic may be read far ahead of another, and its records wait for those of the other. So the stretch begins
    before the slowest topic.
    """
    ends = {topic.name: offsets.get(topic.name, 0) for topic in stage.reads}
    read = [last.timestamp for name, end in ends.items() if (last := _at(log, name, partition, end - 1)) is not None]
    if not read:
        return
    unread = [first.timestamp for name, end in ends.items() if (first := _at(log, name, partition, end)) is not None]
    since = min([max(read), *unread]) - STRETCH_MS
    for name, end in ends.items():
        start = log.offset_at(name, partition, since)
        yield from log.read(name, partition, min(start, end), end)


def _at(log: History, topic: str, partition: int, offset: int) -> Record | None:
    """Return the record at an offset, if there is one."""
    first, end = log.bounds(topic, partition)
    return next(iter(log.read(topic, partition, offset, offset + 1)), None) if first <= offset < end else None

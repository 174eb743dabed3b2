"""Where a reader begins: a bounded stretch before its offsets, from which its state can be rebuilt.

What the folds emit again on the way is what they emitted before, and merges into it.
"""

from collections.abc import Iterator
from typing import Protocol

from schemas.logged import Logged
from streams.stage import Stage

# A keyframe (60 s), then what events look back on (120 s and 60 s), and some grace.
STRETCH_MS = 300_000


class Past(Protocol):
    """The part of a log that looks back."""

    def read(self, topic: str, partition: int, start: int, stop: int) -> Iterator[Logged]:
        """Iterate the records of a range of offsets."""
        ...

    def offset_at(self, topic: str, partition: int, timestamp: int) -> int:
        """Return the first offset logged at a time or later."""
        ...

    def bounds(self, topic: str, partition: int) -> tuple[int, int]:
        """Return the earliest offset and the end."""
        ...


def stretch(past: Past, stage: Stage, partition: int, offsets: dict[str, int]) -> Iterator[Logged]:
    """Iterate what a stage has to read again before it goes on at these offsets of its topics.

    One topic may be read far ahead of another, and its records wait for the other's: the stretch is the slowest's.
    """
    ends = {topic.name: offsets.get(topic.name, 0) for topic in stage.reads}
    read = [last.timestamp for name, end in ends.items() if (last := _at(past, name, partition, end - 1)) is not None]
    if not read:
        return
    unread = [first.timestamp for name, end in ends.items() if (first := _at(past, name, partition, end)) is not None]
    since = min([max(read), *unread]) - STRETCH_MS
    for name, end in ends.items():
        start = past.offset_at(name, partition, since)
        yield from past.read(name, partition, min(start, end), end)


def _at(past: Past, topic: str, partition: int, offset: int) -> Logged | None:
    """Return the record at an offset, if there is one."""
    first, end = past.bounds(topic, partition)
    return next(iter(past.read(topic, partition, offset, offset + 1)), None) if first <= offset < end else None

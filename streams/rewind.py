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
    """Iterate what a stage has to read again before it goes on at these offsets of its topics."""
    for topic in stage.reads:
        stop = offsets.get(topic.name, 0)
        first, _ = past.bounds(topic.name, partition)
        last = next(iter(past.read(topic.name, partition, stop - 1, stop)), None) if stop > first else None
        if last is not None:
            start = past.offset_at(topic.name, partition, last.timestamp - STRETCH_MS)
            yield from past.read(topic.name, partition, min(start, stop), stop)

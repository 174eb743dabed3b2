"""Which of what is kept goes first when it takes too much of the disk: oldest flows first.

Holdings give way in their order, each its oldest stretch of time first. None of the last day goes while anything older
is left in any of them, and nothing of the last two hours goes at all: rows of it may still come and be rolled up.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from graph.stored import Dropped
from schemas.times import DAY_MS, HOUR_MS
from sinks.dropping import Gone

LEAST_MS = (DAY_MS, 2 * HOUR_MS)


class Holding(Protocol):
    """Something that is kept by time, and can lose its oldest stretch."""

    what: Dropped

    def oldest(self) -> int | None:
        """Return when the oldest stretch ends that can be dropped, ms; None without any."""

    def drop(self, until: int) -> Gone:
        """Drop what is older than a time, ms."""


def shrunk(holdings: Sequence[Holding], used: Callable[[], int], budget: int, now: int) -> Iterator[Gone]:
    """Drop stretch by stretch until no more is used than the budget; yield what is gone."""
    for least in LEAST_MS:
        for holding in holdings:
            while used() > budget:
                until = holding.oldest()
                if until is None or until > now - least:
                    break
                yield holding.drop(until)

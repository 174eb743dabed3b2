"""Count the reported bytes of each connection, to catch up bytes that were not reported.

An agent that starts counts from what it finds, and windows may be lost. But the kernel counts each connection from its
opening, and keyframes have these totals. At the first whole keyframe after a hole, the difference between the kernel's
total and the reported bytes belongs to the hole. Connections that opened and closed within the hole stay unknown.
"""

from collections.abc import Iterator
from typing import NamedTuple

from schemas.raw import Connections

CAUGHT_UP_MS = 120_000  # the longest hole: a reader that starts after it still reads what was before (rewind.py)
Bytes = tuple[int, int]  # sent, received
Hole = tuple[int, int]  # from, to, ms


class Behind(NamedTuple):
    """What has to be caught up: the holes, the connections that were known before them, and the bytes of each."""

    holes: list[Hole]
    known: set[int]
    bytes: dict[int, Bytes]


class Ledger:
    """The totals of the last whole keyframe, the counters that were reported since, and the holes."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self.holes: list[Hole] = []
        self._until = 0  # all time before it is reported or in a hole
        self._whole = False  # the last keyframe had totals
        self._doubtful = False  # something may have been counted that was not reported
        self._totals: dict[int, Bytes] = {}
        self._since: list[Connections] = []

    def resume(self, begins: int) -> None:
        """Note when the next counters begin; the time before them that nobody reported is a hole."""
        if self._until and begins - self._until > CAUGHT_UP_MS:
            self.forget()
        elif self._until and begins > self._until:
            self.holes.append((self._until, begins))
            self._doubtful = True

    def doubt(self) -> None:
        """Note that another agent continues. It is not known exactly up to when the agent before it had counted."""
        self._doubtful = self._doubtful or self._until > 0

    def enter(self, counted: Connections, until: int | None) -> None:
        """Take what a window counted, up to a time; None if it is not known up to when."""
        self._until = until or self._until
        self._doubtful = self._doubtful or until is None
        if len(counted):
            self._since.append(counted)

    @property
    def doubtful(self) -> bool:
        """Return whether there may be bytes that no window reported, and totals to find them by."""
        return self._doubtful and self._whole

    def restate(self, counted: Connections, until: int, *, whole: bool) -> Behind | None:
        """Take a keyframe; return the bytes that were counted before it and not reported, if there may be any.

        It is `whole` when its agent sends totals. Then the holes are closed.
        """
        found = None
        if self.doubtful and whole:
            reported = self._reported()
            found = Behind(self.holes, set(reported), dict(_behind(reported, counted)))
        totals = zip(counted.sent_total, counted.received_total, strict=True)
        self._totals = dict(zip(counted.cookie, totals, strict=True)) if whole else {}
        self._until, self._whole, self._doubtful, self._since, self.holes = until, whole, False, [], []
        return found

    def _reported(self) -> dict[int, Bytes]:
        reported = dict(self._totals)
        for columns in self._since:
            for cookie, sent, received in zip(columns.cookie, columns.sent_bytes, columns.received_bytes, strict=True):
                sent_before, received_before = reported.get(cookie, (0, 0))
                reported[cookie] = (sent_before + sent, received_before + received)
        return reported


def _behind(reported: dict[int, Bytes], counted: Connections) -> Iterator[tuple[int, Bytes]]:
    names = ("cookie", "sent_total", "received_total", "sent_bytes", "received_bytes")
    for cookie, sent_total, received_total, sent, received in zip(*(getattr(counted, n) for n in names), strict=True):
        sent_before, received_before = reported.get(cookie, (0, 0))
        behind = (max(sent_total - sent - sent_before, 0), max(received_total - received - received_before, 0))
        if any(behind):
            yield cookie, behind

"""Count the reported bytes of each connection, to catch up bytes that were not reported.

An agent that starts counts from what it finds, and windows may be lost. But the kernel counts each connection from its
opening, and keyframes have these totals. At the first whole keyframe after a hole, the difference between the kernel's
total and the reported bytes belongs to the hole. Connections that opened and closed within the hole stay unknown.

A total counts only if it is known what of it is older than the last whole keyframe. So the connection was in that
keyframe, or its agent saw it open, or its namespace had been looked at: then it opened later. In a namespace that is
looked at for the first time any other connection may be old, and nothing of it is caught up.
"""

from collections.abc import Iterator, Sequence
from itertools import compress
from typing import NamedTuple

from schemas.raw import ConnectionBatch, Connections

CAUGHT_UP_MS = 120_000  # the longest hole: a reader that starts after it still reads what was before (rewind.py)
Bytes = tuple[int, int]  # sent, received
Hole = tuple[int, int]  # from, to, ms


class Behind(NamedTuple):
    """What has to be caught up: the holes, the connections that were known before them, and the bytes of each.

    Of the others, some are certain to have `opened` in them.
    """

    holes: list[Hole]
    known: set[int]
    opened: set[int]
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
        self._looked_at: set[int] = set()  # namespaces that it looked at

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

    def enter(self, batches: Sequence[ConnectionBatch], until: int | None) -> None:
        """Take what a window counted, up to a time; None if it is not known up to when."""
        self._until = until or self._until
        self._doubtful = self._doubtful or until is None
        self._since += [batch.connections for batch in batches if len(batch.connections)]

    @property
    def doubtful(self) -> bool:
        """Return whether there may be bytes that no window reported, and totals to find them by."""
        return self._doubtful and self._whole

    def restate(self, batches: Sequence[ConnectionBatch], until: int, *, whole: bool) -> Behind | None:
        """Take a keyframe; return the bytes that were counted before it and not reported, if there may be any.

        It is `whole` when its agent sends totals. Then the holes are closed.
        """
        found = None
        if self.doubtful and whole:
            reported, certain = self._reported(), self._certain(batches)
            behind = (each for batch in batches for each in _behind(reported, batch.connections))
            known = {cookie: missing for cookie, missing in behind if cookie in certain}
            found = Behind(self.holes, set(reported), certain - reported.keys(), known)
        self._totals, self._looked_at = {}, set()
        for batch in batches if whole else ():
            columns = batch.connections
            totals = zip(columns.sent_total, columns.received_total, strict=True)
            self._totals.update(zip(columns.cookie, totals, strict=True))
            self._looked_at.add(batch.netns)
        self._until, self._whole, self._doubtful, self._since, self.holes = until, whole, False, [], []
        return found

    def _certain(self, batches: Sequence[ConnectionBatch]) -> set[int]:
        """Return the connections of which all is known that is older than the last whole keyframe."""
        certain = set(self._totals)
        for columns in self._since:
            certain.update(compress(columns.cookie, columns.fresh))
        for batch in batches:
            columns = batch.connections
            looked_at = batch.netns in self._looked_at
            certain.update(columns.cookie if looked_at else compress(columns.cookie, columns.fresh))
        return certain

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

"""What has been told of each connection's bytes, so that what nobody told of can be caught up.

An agent that begins counts from where it finds things; windows may be lost on their way. But the kernel counts each
connection from its opening, and keyframes say these totals: at the first whole keyframe after a hole, what the kernel
has counted and no window has told of was sent and received in the hole. What opened and closed within it is not known.
"""

from collections.abc import Iterator
from typing import NamedTuple

from schemas.raw import Connections

CAUGHT_UP_MS = 120_000  # the longest hole: a reader that begins meanwhile sees what was before it (streams/rewind.py)
Bytes = tuple[int, int]  # sent, received
Hole = tuple[int, int]  # from, to, ms


class Behind(NamedTuple):
    """What is to be caught up: in which holes, which connections were known before them, and the bytes of each."""

    holes: list[Hole]
    known: set[int]
    bytes: dict[int, Bytes]


class Ledger:
    """The totals as of the last whole keyframe, what was told since, and the holes."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self.holes: list[Hole] = []
        self._until = 0  # all before has been told or is in a hole
        self._whole = False  # the last keyframe said totals
        self._doubtful = False  # something may have been counted that was not told
        self._totals: dict[int, Bytes] = {}
        self._since: list[Connections] = []

    def resume(self, begins: int) -> None:
        """Take note of when the counters begin that come next: what lies between is a hole."""
        if self._until and begins - self._until > CAUGHT_UP_MS:
            self.forget()
        elif self._until and begins > self._until:
            self.holes.append((self._until, begins))
            self._doubtful = True

    def doubt(self) -> None:
        """Take note that another agent goes on: where the one before it had come to is not known exactly."""
        self._doubtful = self._doubtful or self._until > 0

    def tell(self, counted: Connections, until: int | None) -> None:
        """Take what a window counted, up to a time, or as far as it came."""
        self._until = until or self._until
        self._doubtful = self._doubtful or until is None
        if len(counted):
            self._since.append(counted)

    @property
    def doubtful(self) -> bool:
        """Say whether something may have been counted that no window told of, and can be found out."""
        return self._doubtful and self._whole

    def restate(self, counted: Connections, until: int, *, whole: bool) -> Behind | None:
        """Take a whole keyframe; return what each connection had counted before that nobody told of, if in doubt.

        It is `whole` when its agent says totals. With it all that is told is known, and holes are closed.
        """
        found = None
        if self.doubtful and whole:
            told = self._told()
            found = Behind(self.holes, set(told), dict(_behind(told, counted)))
        totals = zip(counted.sent_total, counted.received_total, strict=True)
        self._totals = dict(zip(counted.cookie, totals, strict=True)) if whole else {}
        self._until, self._whole, self._doubtful, self._since, self.holes = until, whole, False, [], []
        return found

    def _told(self) -> dict[int, Bytes]:
        told = dict(self._totals)
        for columns in self._since:
            for cookie, sent, received in zip(columns.cookie, columns.sent_bytes, columns.received_bytes, strict=True):
                before = told.get(cookie, (0, 0))
                told[cookie] = (before[0] + sent, before[1] + received)
        return told


def _behind(told: dict[int, Bytes], counted: Connections) -> Iterator[tuple[int, Bytes]]:
    names = ("cookie", "sent_total", "received_total", "sent_bytes", "received_bytes")
    for cookie, sent_total, received_total, sent, received in zip(*(getattr(counted, n) for n in names), strict=True):
        before = told.get(cookie, (0, 0))
        behind = (max(sent_total - sent - before[0], 0), max(received_total - received - before[1], 0))
        if any(behind):
            yield cookie, behind

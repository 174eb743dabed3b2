"""The shape of a parser: it finds requests and answers in the two streams of one connection.

Each direction is given to it piece by piece, as segments come. A parser returns how many bytes it has used: less than
it was given where a message is not whole, which it is given again with more behind it; more where it needs not see
what follows. So it never holds anything itself, and where the stream was cut into segments makes no difference.
"""

from collections import deque
from typing import ClassVar

from collectors.counts import Counts
from schemas.results import UNSEEN

LOST = -1  # used by a parser that does not understand what it was given
MOST_WAITING = 10_000  # requests of one connection
OTHER = "other"  # an operation that a protocol's list does not have


class Parser:
    """Pairs the requests of a connection with its answers, which come in the order of the requests."""

    __slots__ = ("confirmed", "counts", "encrypted", "opaque", "waiting")
    name: ClassVar[str]
    """What the protocol is called."""
    rejoins: ClassVar[bool] = False
    """It may find the end of an answer whose middle was not seen."""
    resumes: ClassVar[bool] = False
    """It may find where a message begins in either direction, after bytes that were not seen."""

    def __init__(self) -> None:
        self.counts = Counts()
        self.waiting: deque[tuple[str, int]] = deque()  # operation, and when it was asked for, ns
        self.opaque = False
        """What follows on this connection is nothing to count."""
        self.confirmed = False
        """Both ends have spoken the protocol."""
        self.encrypted = False
        """They went on with TLS."""

    @classmethod
    def asks(cls, payload: bytes, size: int) -> bool:
        """Return whether a segment of `size` bytes, of which these are the first, begins with a request."""
        raise NotImplementedError

    @classmethod
    def asks_again(cls, payload: bytes, size: int) -> bool:
        """Return whether a segment to a server that is known to speak the protocol begins with a request."""
        return cls.asks(payload, size)

    @classmethod
    def greets(cls, payload: bytes, size: int) -> bool:
        """Return whether a segment is the greeting of a server that speaks first."""
        return False

    def begin(self, payload: bytes) -> None:
        """Start with a segment that asks, knowing nothing of what was before."""
        self.waiting.clear()

    def client(self, data: bytes, at: int) -> int:
        """Take what a client sent, at a time in ns; return how much of it was used."""
        raise NotImplementedError

    def server(self, data: bytes, at: int) -> int:
        """Take what a server sent; return how much of it was used."""
        raise NotImplementedError

    def ask(self, operation: str, at: int) -> None:
        """Note that a request begins."""
        if len(self.waiting) < MOST_WAITING:
            self.waiting.append((operation, at))
        else:
            self.opaque = True

    def answer(self, result: str, at: int) -> None:
        """Note that the answer to the first request that waits is there."""
        if self.waiting:
            self.confirmed = True
            operation, asked = self.waiting.popleft()
            self.counts.add(operation, result, at - asked)

    def rejoin(self, data: bytes, at: int) -> bool:
        """Take a segment of an answer that is not followed; return whether it is the end of it."""
        return False

    @classmethod
    def begins(cls, payload: bytes) -> bool:
        """Return whether a segment of a client can only be one of a new connection."""
        return False

    def gap(self, at: int, *, from_client: bool) -> None:
        """Note that bytes of an end were not seen."""

    def resume(self, payload: bytes, at: int, *, from_client: bool) -> bool:
        """Take note of a segment behind a gap; return whether it begins with a message."""
        return False

    def end_doubted(self) -> None:
        """Count the requests whose answers may have been in a gap, because the connection ends."""

    def end_unseen(self) -> None:
        """Count what waits as answered, because its client goes on, though nobody saw how."""
        for operation, _ in self.waiting:
            self.counts.add_unseen(operation, UNSEEN)
        self.waiting.clear()

    def pending(self) -> int:
        """Return how many requests wait."""
        return len(self.waiting)

    def give_up(self, before: int) -> bool:
        """Count the requests as given up that have waited since a time, ns; return whether the stream goes on after."""
        if self.waiting and self.waiting[0][1] < before:
            self.counts.given_up += self.drop()
            return False
        return True

    def remembers(self) -> bool:
        """Return whether it knows something of what was before that cannot be understood later without it."""
        return False

    def rest(self) -> None:
        """Drop what can be found again, because nothing happens on the connection."""

    def held(self) -> int:
        """Return how many bytes it holds beside what waits."""
        return 0

    def drop(self) -> int:
        """Forget what waits; return how many requests that were."""
        dropped = len(self.waiting)
        self.waiting.clear()
        return dropped

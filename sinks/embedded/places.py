"""How many connections there may be, of whom, and who gives way when all places are taken.

On one machine all clients have one address, so an address alone means nothing there. Clients differ by how far they
have come: a stranger has not logged in, a reader has, the owner's readers (command line, view) and the
writer know the store's token. Each of these has places of its own, so that none can take those of another.
"""

import threading
import time
from collections.abc import Callable, Iterator
from enum import Enum

from schemas.loopback import is_loopback
from sinks.embedded.peer import Peer
from sinks.embedded.tally import Tally

GRACE_SECONDS = 1.0  # so long nobody who is waited for gives way


class Standing(Enum):
    """How far a client has come."""

    STRANGER = "strangers"
    READER = "readers"
    OWNER = "owner's readers"
    WRITER = "writers"


# A connection is a thread (20 kB resident) and, once it has logged in, an engine session (650 kB, 3 descriptors).
LIMITS = {Standing.STRANGER: 512, Standing.READER: 400, Standing.OWNER: 64, Standing.WRITER: 64}
ELSEWHERE = {Standing.STRANGER: 64, Standing.READER: 128}  # of one address of another machine


class Full(Exception):
    """There is no place; the message is one sentence for the client. `local`: for nobody."""

    def __init__(self, message: str, local: bool) -> None:
        super().__init__(message)
        self.local = local


class Places:
    """Who is connected. Thread-safe."""

    def __init__(
        self,
        tally: Tally,
        limits: dict[Standing, int] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tally = tally
        self._limits = limits or LIMITS
        self._clock = clock
        self._held: dict[Standing, dict[Peer, None]] = {standing: {} for standing in Standing}
        self._leaving: set[Peer] = set()
        self._changed = threading.Condition()

    def enter(self, peer: Peer) -> None:
        """Take a stranger's place; raises Full when nobody can give way yet."""
        with self._changed:
            self._take(peer, Standing.STRANGER)

    def become(self, peer: Peer, standing: Standing) -> None:
        """Change a stranger's place for another one; raises Full. Harmless for who has one."""
        with self._changed:
            if peer in self._held[standing]:
                return
            try:
                self._take(peer, standing)
            except Full as error:
                self._tally.count(f"refused, as all places for {standing.value} are taken", str(error))
                raise
            for other in Standing:
                if other is not standing:
                    self._held[other].pop(peer, None)
            self._changed.notify_all()

    def leave(self, peer: Peer) -> None:
        """Give the place back."""
        with self._changed:
            for held in self._held.values():
                held.pop(peer, None)
            self._leaving.discard(peer)
            self._changed.notify_all()

    def wait(self, seconds: float) -> None:
        """Wait for somebody to leave, no longer than this."""
        with self._changed:
            self._changed.wait(seconds)

    def standing(self, peer: Peer) -> Standing:
        """Return how far a client has come."""
        return next((each for each, held in self._held.items() if peer in held), Standing.STRANGER)

    def counts(self) -> dict[str, int]:
        """Return how many there are of each."""
        with self._changed:
            return {standing.value: len(held) for standing, held in self._held.items()}

    def _take(self, peer: Peer, standing: Standing) -> None:
        held = self._held[standing]
        address = peer.getpeername()[0]
        there = [other for other in self._staying(held) if other.getpeername()[0] == address]
        most = ELSEWHERE.get(standing, self._limits[standing])
        if not is_loopback(address) and len(there) >= most:
            self._give_way(
                there, standing, f"all {most} places for {standing.value} of {address} are in use", local=False
            )
        elif len(held) - len(self._leaving.intersection(held)) >= self._limits[standing]:
            others = list(self._staying(held))
            self._give_way(others, standing, f"all {len(others)} places for {standing.value} are in use", local=True)
        held[peer] = None

    def _staying(self, held: dict[Peer, None]) -> Iterator[Peer]:
        return (peer for peer in held if peer not in self._leaving)

    def _give_way(self, peers: list[Peer], standing: Standing, full: str, local: bool) -> None:
        """Send away the one that has been waited for the longest; raises Full when there is none."""
        now = self._clock()
        of_strangers = standing is Standing.STRANGER  # who sends a byte a second is as old as who sends none
        waited = {peer: waiting for peer in peers if (waiting := peer.waiting) is not None}
        since = {peer: peer.since if of_strangers else waiting for peer, waiting in waited.items()}
        oldest = min(since, key=since.__getitem__, default=None)
        if oldest is None or now - since[oldest] < GRACE_SECONDS:
            raise Full(f"{full}: try again in a moment", local)
        self._leaving.add(oldest)
        oldest.evict()
        self._tally.count(f"idle {standing.value} sent away for others", full)

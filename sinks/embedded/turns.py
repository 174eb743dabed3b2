"""Statements take turns: so many run at once, the others wait in the order they came."""

import threading
import time
from collections import deque
from collections.abc import Callable

from sinks.embedded.engine import EngineError

WAIT_SECONDS = 60.0


class Turns:
    """So many turns at once. Thread-safe."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._free = most
        self._lock = threading.Lock()
        self._queue: deque[threading.Event] = deque()

    def take(self, until: float) -> None:
        """Wait for a turn until then (monotonic seconds); raises TOO_MANY_SIMULTANEOUS_QUERIES (202)."""
        with self._lock:
            if self._free and not self._queue:
                self._free -= 1
                return
            mine = threading.Event()
            self._queue.append(mine)
        if mine.wait(max(0.0, until - time.monotonic())):
            return
        with self._lock:
            if mine.is_set():  # in the last moment
                return
            self._queue.remove(mine)
            waiting = len(self._queue)
        raise EngineError(
            202,
            f"DB::Exception: {self._most} statements run and {waiting} more wait; this one waited too long: try later. "
            "(TOO_MANY_SIMULTANEOUS_QUERIES)",
        )

    def give(self) -> None:
        """Give a turn back; the next in line has it."""
        with self._lock:
            if self._queue:
                self._queue.popleft().set()
            else:
                self._free += 1


class Turn:
    """One statement's turn, given back while its client takes nothing of the answer. For one thread."""

    def __init__(self, turns: Turns, deadline: Callable[[], float]) -> None:
        self._turns = turns
        self._deadline = deadline
        self._has = False
        self.taken()

    @property
    def deadline(self) -> float:
        """Return the time by which the statement must have ended and its result be sent, in monotonic seconds."""
        return self._deadline()

    def taken(self) -> None:
        """Have the turn, waiting for it; raises EngineError."""
        if not self._has:
            self._turns.take(min(self.deadline, time.monotonic() + WAIT_SECONDS))
            self._has = True

    def stalled(self) -> None:
        """Let others run. Harmless without the turn."""
        if self._has:
            self._has = False
            self._turns.give()

"""Windows on their way to the log: a bounded spool and the thread that empties it.

A log that is slow or away must not stop the collecting. What does not fit is dropped from the oldest window up to the
next keyframe, so that what is left always begins with one, and is counted.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from schemas.topics import Topic

Publish = Callable[[Topic, bytes, bytes], None]
Flush = Callable[[], None]
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 4.0  # less than the patience of a stop
_log = logging.getLogger(__name__)


class Sealed(NamedTuple):
    """All records of one window, in the order they are sent."""

    start: int
    keyframe: bool
    records: list[tuple[Topic, bytes]]

    @property
    def size(self) -> int:
        """Return the bytes of all values."""
        return sum(len(value) for _, value in self.records)


class Spool:
    """Sends windows in order, each until the log has acknowledged it."""

    def __init__(self, key: bytes, publish: Publish, flush: Flush, most_windows: int, most_bytes: int) -> None:
        self._key = key
        self._publish = publish
        self._flush = flush
        self._most_windows = most_windows
        self._most_bytes = most_bytes
        self._windows: deque[Sealed] = deque()
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._send_all, name="spool", daemon=True)
        self.dropped = 0
        self.errors = 0

    @property
    def waiting(self) -> int:
        """Return how many windows wait for the log."""
        return len(self._windows)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def put(self, window: Sealed) -> bool:
        """Add a window; False when nothing is left to build on and the next window must be a keyframe."""
        with self._changed:
            self._windows.append(window)
            while self._is_full():
                self._drop()
            self._changed.notify()
            return bool(self._windows) or not self.dropped

    def _is_full(self) -> bool:
        size = sum(window.size for window in self._windows)
        return len(self._windows) > self._most_windows or (size > self._most_bytes and len(self._windows) > 1)

    def _drop(self) -> None:
        """Drop the oldest window, and those after it that only have changes since."""
        self._windows.popleft()
        self.dropped += 1
        while self._windows and not self._windows[0].keyframe:
            self._windows.popleft()
            self.dropped += 1

    def close(self, patience_s: float) -> bool:
        """Send what is left for so long; return whether all of it was."""
        with self._changed:
            self._changed.wait_for(lambda: not self._windows, patience_s)
            sent = not self._windows
            self._closing.set()
            self._changed.notify()
        self._thread.join(1.0)
        return sent

    def _send_all(self) -> None:
        wait_s = FIRST_WAIT_S
        while (window := self._next()) is not None:
            try:
                for topic, value in window.records:
                    self._publish(topic, self._key, value)
                self._flush()
            except Exception as error:
                self.errors += 1
                if wait_s == FIRST_WAIT_S:
                    _log.warning("the log does not take records, trying again: %s", error)
                self._closing.wait(wait_s)
                wait_s = min(wait_s * 2, LONGEST_WAIT_S)
                continue
            wait_s = FIRST_WAIT_S
            with self._changed:
                if self._windows and self._windows[0] is window:
                    self._windows.popleft()
                self._changed.notify()

    def _next(self) -> Sealed | None:
        with self._changed:
            self._changed.wait_for(lambda: self._windows or self._closing.is_set())
            return None if self._closing.is_set() else self._windows[0]

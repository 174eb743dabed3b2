"""Notices clients that cancel or leave while their query runs, and stops the query."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sinks.embedded.native import CANCEL
from sinks.embedded.peer import Peer

_ROUND = 0.1  # seconds between two looks at the sockets of running queries


class Watcher:
    """One thread that looks at the sockets of running queries; asleep while none runs."""

    def __init__(self, kill: Callable[[str], None]) -> None:
        """`kill` is called with a session's tag until the session leaves `watching`."""
        self._kill = kill
        self._watched: dict[str, Peer] = {}
        self._changed = threading.Condition()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)
        self._thread.start()

    @contextmanager
    def watching(self, tag: str, peer: Peer) -> Iterator[None]:
        """Watch a socket as long as the body runs."""
        with self._changed:
            self._watched[tag] = peer
            self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                self._watched.pop(tag, None)

    def kill_all(self) -> None:
        """Stop every running query."""
        with self._changed:
            tags = list(self._watched)
        for tag in tags:
            self._kill(tag)

    def stop(self) -> None:
        """End the thread."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._watched or self._stopped)
                self._changed.wait_for(lambda: self._stopped, timeout=_ROUND)
                if self._stopped:
                    return
                leaving = [tag for tag, peer in self._watched.items() if _is_leaving(peer)]
            for tag in leaving:
                self._kill(tag)


def _is_leaving(peer: Peer) -> bool:
    """Return whether the other end has closed, or the next byte of its is a Cancel packet."""
    return peer.peek() in (b"", bytes([CANCEL]))

"""Room for what readers have sent and nobody has worked on yet: each may send much, but not all of them at once."""

import threading
from collections.abc import Iterable, Iterator

from sinks.embedded.engine import EngineError

READERS_BYTES = 256 << 20


class Room:
    """So many bytes for all. Thread-safe."""

    def __init__(self, size: int = READERS_BYTES) -> None:
        self._size = size
        self._used = 0
        self._lock = threading.Lock()

    def take(self, size: int) -> None:
        """Take some; raises EngineError when there is no more."""
        with self._lock:
            if self._used + size > self._size:
                raise EngineError(
                    202,
                    f"DB::Exception: Requests of others that are being received fill {self._size >> 20} MiB: "
                    "try again later. (TOO_MANY_SIMULTANEOUS_QUERIES)",
                )
            self._used += size

    def give(self, size: int) -> None:
        """Give some back."""
        with self._lock:
            self._used -= size


class Share:
    """What one connection has taken of a room. For one thread."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._size = 0

    def add(self, size: int) -> None:
        """Take more; raises EngineError when there is no more."""
        self._room.take(size)
        self._size += size

    def counted(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Pass on pieces, all of which are kept."""
        for piece in pieces:
            self.add(len(piece))
            yield piece

    def clear(self) -> None:
        """Give all back."""
        self._room.give(self._size)
        self._size = 0

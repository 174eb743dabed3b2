"""Whether a child answers: it is asked over a pair of sockets, a byte each, and one question is open at a time."""

import socket
from contextlib import suppress
from pathlib import Path

from sinks.embedded.pulse import PULSE

__all__ = ["PULSE", "Pulse"]

EVERY = 2.0  # seconds from an answer to the next question
LATE = 5.0  # seconds: a supervisor that looks later than that was asleep or starved, and so may the child have been
SILENT = 30.0  # seconds without an answer are too long,
STARTING = 600.0  # and before the first one, in which a large folder may be recovered, unless the child is stopped


class Pulse:
    """What one child answers. Times are monotonic seconds."""

    def __init__(self, now: float) -> None:
        self._ours, self.theirs = socket.socketpair()
        self._ours.setblocking(False)
        self._asked: float | None = None
        self._looked = self._answered = now
        self.ever = False  # has it answered

    def look(self, now: float) -> float:
        """Take an answer, ask anew; return for how long the child has not answered what it was asked."""
        if self._asked is not None and now - self._looked > LATE:
            self._asked += now - self._looked
        self._looked = now
        with suppress(OSError):
            if self._asked is None and now - self._answered >= EVERY:
                self._ours.send(b"?")
                self._asked = now
            if self._asked is not None and self._ours.recv(16):
                self._asked, self._answered, self.ever = None, now, True
        return 0.0 if self._asked is None else now - self._asked

    def patience(self, pid: int) -> float:
        """Return how long a silence may be."""
        return SILENT if self.ever or _stopped(pid) else STARTING

    def handed_over(self) -> None:
        """Close the child's end here: it has its own."""
        self.theirs.close()

    def close(self) -> None:
        """Ask no more."""
        self._ours.close()
        self.theirs.close()


def _stopped(pid: int) -> bool:
    """Return whether somebody has stopped a process (SIGSTOP)."""
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] in {b"T", b"t"}
    except (OSError, IndexError):
        return False

"""How well an edge does. The share that fails counts, and what is retransmitted on a line that carries something."""

from typing import Literal

Health = Literal["ok", "warn", "bad"]
WORSE: tuple[Health, ...] = ("ok", "warn", "bad")

BAD_SHARE, WARN_SHARE = 0.05, 0.01  # of connections or requests that fail
LOSSY_SHARE, LOSSY_SEGMENTS = 0.03, 20  # a connection to a peer abroad may well lose one in a hundred


def share(part: float, whole: float) -> float:
    """Return a part of a whole, 0 of nothing."""
    return part / whole if whole else 0.0


def health(failed_share: float, retransmit_share: float, segments: int) -> Health:
    """Return how well something does."""
    if failed_share >= BAD_SHARE:
        return "bad"
    lossy = retransmit_share >= LOSSY_SHARE and segments >= LOSSY_SEGMENTS
    return "warn" if lossy or failed_share >= WARN_SHARE else "ok"


def worst(*found: Health) -> Health:
    """Return the worst."""
    return max(found, key=WORSE.index, default="ok")


def softened(found: Health) -> Health:
    """Return what a client's trouble with a server says of the client: it has some, and may not be to blame."""
    return "warn" if found == "bad" else found

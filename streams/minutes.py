"""Minutes of event time: which one a window is in, and its bit among those of its hour (schemas/graph.py, Places)."""

from schemas.raw import Batch
from schemas.times import HOUR_MS, MINUTE_MS


def begins_minute(header: Batch) -> bool:
    """Return whether a window is the first one of a minute, or of a run."""
    return header.seq == 0 or header.window % MINUTE_MS < header.width


def minute_of(window: int) -> int:
    """Return the start of the minute of a window, ms."""
    return window // MINUTE_MS * MINUTE_MS


def hour_of(minute: int) -> int:
    """Return the start of the hour of a minute, ms."""
    return minute // HOUR_MS * HOUR_MS


def bit_of(minute: int) -> int:
    """Return the bit of a minute: the last one of an hour has the lowest."""
    return 1 << (59 - (minute - hour_of(minute)) // MINUTE_MS)

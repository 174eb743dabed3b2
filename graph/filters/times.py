"""How old something new may be: a stretch of time, or today."""

from datetime import tzinfo

from schemas.moments import duration, moment
from schemas.times import DAY_MS, MINUTE_MS

TODAY = "today"
DEFAULT = "10m"
LONGEST_MS = 30 * DAY_MS
TIMES_BEFORE = 6  # what is new within an hour was not there in the six hours before
LEAST_BEFORE_MS = 60 * MINUTE_MS  # early in the morning, today is short


def is_age(text: str) -> bool:
    """Return whether a text is an age: 30m, 1h30m, 7d, 2w or today."""
    try:
        return text == TODAY or MINUTE_MS <= duration(text) <= LONGEST_MS
    except ValueError:
        return False


def since(age: str, end: int, zone: tzinfo | None = None) -> int:
    """Return from when on something is new at `end`, ms; today begins in a time zone, None for that of this machine."""
    return moment(TODAY, end, zone) if age == TODAY else end - duration(age)


def before(age: str, end: int, zone: tzinfo | None = None) -> tuple[int, int]:
    """Return the range, ms, in which something that is new at `end` was not there."""
    until = since(age, end, zone)
    return max(0, until - max(TIMES_BEFORE * (end - until), LEAST_BEFORE_MS)), until

"""How old something new may be: a stretch of time, or today."""

import re
from datetime import UTC, datetime, tzinfo

from schemas.times import DAY_MS, HOUR_MS, MINUTE_MS

TODAY = "today"
DEFAULT = "10m"
LONGEST_MS = 30 * DAY_MS
TIMES_BEFORE = 6  # what is new within an hour was not there in the six hours before
_UNITS = {"m": MINUTE_MS, "h": HOUR_MS, "d": DAY_MS, "w": 7 * DAY_MS}
_AGE = re.compile(r"([1-9][0-9]{0,4})([mhdw])")


def is_age(text: str) -> bool:
    """Return whether a text is an age: 30m, 2h, 7d, 1w or today."""
    return text == TODAY or 0 < _length(text) <= LONGEST_MS


def since(age: str, end: int, zone: tzinfo | None = None) -> int:
    """Return from when on something is new at `end`, ms; today begins in a time zone, None for that of this machine."""
    if age != TODAY:
        return end - _length(age)
    now = datetime.fromtimestamp(end / 1000, UTC).astimezone(zone)
    return int(now.replace(hour=0, minute=0, second=0, microsecond=0).timestamp() * 1000)


def before(age: str, end: int, zone: tzinfo | None = None) -> tuple[int, int]:
    """Return the range, ms, in which something that is new at `end` was not there."""
    until = since(age, end, zone)
    return max(0, until - TIMES_BEFORE * max(end - until, _UNITS["m"] * 10)), until


def _length(age: str) -> int:
    found = _AGE.fullmatch(age)
    return int(found[1]) * _UNITS[found[2]] if found else 0

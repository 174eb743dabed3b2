"""Times and durations as people write them: 10m, 1h30m, 12:00, yesterday, 2026-05-01 12:00. Read to milliseconds."""

import re
from datetime import UTC, datetime, timedelta, tzinfo

from schemas.matching import near

_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_SPELT = {
    "s": ("sec", "secs", "second", "seconds"),
    "m": ("min", "mins", "minute", "minutes"),
    "h": ("hour", "hours"),
    "d": ("day", "days"),
    "w": ("week", "weeks"),
}
_CALLED = {word: _UNITS[unit] for unit, words in _SPELT.items() for word in (unit, *words)} | {"ms": 1}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WORDS = ("now", "today", "yesterday", *_DAYS)
_LONGEST_MS = 100 * 365 * 86_400_000
_FIRST, _LAST = datetime(1970, 1, 2, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)  # the range of the store's times
_PIECE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([a-z]+)\s*")
_AGO = re.compile(rf"-?((?:{_PIECE.pattern})+?)(?:\s*ago)?")
_TIME = r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?"
_ON_DAY = re.compile(rf"({'|'.join(_WORDS[1:])})(?:(?:\s+at)?\s+({_TIME}))?")
_LENGTHS = "30s, 10m, 1h30m, 2h, 7d or 2w"
_TIMES = "yesterday, 12:00, 2026-05-01 12:00, 10m or 1h30m (ago), @1777629600 or now"


def duration(text: str) -> int:
    """Read a stretch of time: 500ms, 30s, 1h30m, 7d, 2w; a bare number is seconds. ValueError with a sentence."""
    length = float(text) * 1000 if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text) else _length(text)
    if length is None:
        raise ValueError(f"{text!r} is not a duration; give {_LENGTHS}")
    if length > _LONGEST_MS:
        raise ValueError(f"{text!r} is longer than a century; give {_LENGTHS}")
    return int(length)


def moment(text: str, now: float, zone: tzinfo | None) -> int:
    """Read a point in time: 2026-05-01 12:00[:00][Z], 12:00 (today), yesterday, monday 9:00, @seconds, now, 10m (ago).

    `now` is in ms since the epoch. A time that names no zone is of `zone`; None is that of this machine. Yesterday
    alone is this time of the day before, and any other day alone its beginning. ValueError with a sentence.
    """
    text = text.strip()
    try:
        found = _read(text.casefold(), now, zone)
    except (ValueError, OverflowError, OSError):  # from astimezone(), for years that do not exist
        found = None
    if found is None:
        meant = near(text, _WORDS) if text.isalpha() else []
        hint = f": did you mean {meant[0]}?" if meant else f"; give {_TIMES}"
        raise ValueError(f"{text!r} is not a time{hint}")
    if not _FIRST.timestamp() <= found / 1000 <= _LAST.timestamp():
        raise ValueError(f"{text!r} is out of range; give a time from {_FIRST.year} to {_LAST.year}")
    return int(found)


def _length(text: str) -> float | None:
    """Return how long pieces such as 1h30m are together, ms; None for what is none."""
    at, length = 0, 0.0
    while at < len(text):
        piece = _PIECE.match(text, at)
        if piece is None or piece[2] not in _CALLED:
            return None
        length += float(piece[1]) * _CALLED[piece[2]]
        at = piece.end()
    return length if text else None


def _read(text: str, now: float, zone: tzinfo | None) -> float | None:
    if text == "now":
        return now
    if re.fullmatch(r"@[0-9]+(\.[0-9]+)?", text):
        return float(text[1:]) * 1000
    if (ago := _AGO.fullmatch(text)) is not None:
        length = _length(ago[1])
        return None if length is None else now - length
    here = datetime.fromtimestamp(now / 1000, UTC).astimezone(zone).replace(tzinfo=None)
    if (on_day := _ON_DAY.fullmatch(text)) is not None:
        return _stamp(_on(on_day[1], on_day[2] or "", here), zone)
    if re.fullmatch(_TIME, text):
        return _stamp(_on("today", text, here), zone)
    return _stamp(datetime.fromisoformat(text.upper()), zone)


def _on(day: str, time: str, here: datetime) -> datetime:
    """Return a time of a day, by the clock on the wall; a day of the week is the last one that is not to come."""
    back = (here.weekday() - _DAYS.index(day)) % 7 if day in _DAYS else int(day == "yesterday")
    if not time:
        whole = here if day == "yesterday" else here.replace(hour=0, minute=0, second=0, microsecond=0)
        return whole - timedelta(days=back)
    hours, minutes, *seconds = map(int, time.split(":"))
    at = here.replace(hour=hours, minute=minutes, second=seconds[0] if seconds else 0, microsecond=0)
    return at - timedelta(days=back or 7 if day in _DAYS and at > here else back)


def _stamp(found: datetime, zone: tzinfo | None) -> float:
    if found.tzinfo is None:
        found = found.replace(tzinfo=zone) if zone else found.astimezone()
    return found.timestamp() * 1000

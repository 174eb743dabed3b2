"""Times and durations as people write them: 10m, 12:00, 2026-05-01T12:00Z. Read to milliseconds."""

import re
from datetime import UTC, datetime, timedelta, tzinfo

_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_LONGEST_MS = 100 * 365 * 86_400_000
_FIRST, _LAST = datetime(1970, 1, 2, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)  # the range of the store's times


def duration(text: str) -> int:
    """Read a stretch of time such as 500ms, 30s, 10m, 2h, 7d; a bare number is seconds. ValueError with a sentence."""
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*(ms|s|m|h|d|)", text)
    if match is None:
        raise ValueError(f"{text!r} is not a duration; give 30s, 10m, 2h or 7d")
    length = float(match[1]) * _UNITS[match[2] or "s"]
    if length > _LONGEST_MS:
        raise ValueError(f"{text!r} is longer than a century; give 30s, 10m, 2h or 7d")
    return int(length)


def moment(text: str, now: float, zone: tzinfo | None) -> int:
    """Read a point in time: 2026-05-01T12:00[:00][Z], 12:00 (today), @seconds, now, or 10m (ago).

    So are yesterday, at this time of the day, and yesterday 12:00.

    `now` is in ms since the epoch. A time that names no zone is of `zone`; None is that of this machine. ValueError
    with a sentence.
    """
    text = text.strip()
    if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?(ms|s|m|h|d)", text):
        found: float | None = now - duration(text.lstrip("-"))
    else:
        try:
            found = _read(text, now, zone)
        except (ValueError, OverflowError, OSError):  # from astimezone(), for years that do not exist
            found = None
    if found is None:
        raise ValueError(f"{text!r} is not a time; give 2026-05-01T12:00, 12:00, 10m (ago), @1777629600 or now")
    if not _FIRST.timestamp() <= found / 1000 <= _LAST.timestamp():
        raise ValueError(f"{text!r} is out of range; give a time from {_FIRST.year} to {_LAST.year}")
    return int(found)


def _read(text: str, now: float, zone: tzinfo | None) -> float:
    if text == "now":
        return now
    if re.fullmatch(r"@[0-9]+(\.[0-9]+)?", text):
        return float(text[1:]) * 1000
    day = datetime.fromtimestamp(now / 1000, UTC).astimezone(zone)
    if text.startswith("yesterday"):
        day -= timedelta(days=1)
        text = text.removeprefix("yesterday").strip() or f"{day:%H:%M:%S}"
    if re.fullmatch(r"[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?", text):
        text = f"{day:%Y-%m-%d}T{text.zfill(5 if text.count(':') == 1 else 8)}"
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        found = found.replace(tzinfo=zone) if zone else found.astimezone()
    return found.timestamp() * 1000

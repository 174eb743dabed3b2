"""What is kept as text, a line for each resolution and topic."""

from collections.abc import Iterator, Sequence

from schemas.times import DAY_MS, HOUR_MS, MINUTE_MS, iso
from servicemap.columns import aligned
from servicemap.printing import bytes_text
from servicemap.retention.kept import Kept

_HEADINGS = ("KEPT", "SINCE", "FOR", "AT MOST", "NOW", "A DAY", "REACHES", "ANSWERS")


def lines(found: Sequence[Kept]) -> Iterator[str]:
    """Yield what is kept; nothing where nothing is."""
    there = [one for one in found if one.since is not None or one.bytes]
    if not there:
        return
    a_day = sum(one.daily_bytes or 0 for one in there)
    known = sum(one.bytes or 0 for one in there)
    spent = max((one.until - one.since for one in there if one.since is not None and one.until is not None), default=0)
    rate = f"{bytes_text(a_day)} a day, if as much comes as in the {stretch(spent)} so far"
    yield f"\nwhat is kept: {bytes_text(known)}; {rate}\n"
    yield aligned(_HEADINGS, [_row(one) for one in there], right={4, 5})


def _row(one: Kept) -> tuple[str, ...]:
    return (
        one.name if one.what == "store" else f"topic {one.name}",
        "" if one.since is None else iso(one.since),
        "ever" if one.limit_ms is None else stretch(one.limit_ms),
        "" if one.limit_bytes is None else bytes_text(one.limit_bytes),
        "" if one.bytes is None else bytes_text(one.bytes),
        "" if one.daily_bytes is None else bytes_text(one.daily_bytes),
        "" if one.reach_ms is None else stretch(one.reach_ms),
        one.answers,
    )


def stretch(ms: int) -> str:
    """Return a stretch of time in the unit that suits it."""
    unit, name = next(
        ((unit, name) for unit, name in ((DAY_MS, "d"), (HOUR_MS, "h")) if ms >= 2 * unit), (MINUTE_MS, "min")
    )
    return f"{ms / unit:.0f} {name}"

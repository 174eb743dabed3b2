"""How far back what is kept will reach, if as much comes as until now. Pure.

Rows give way to limits of their own, by time and by size, and then to the budget of the disk in the order in which
room is made (servicemap/budget.py).
"""

from collections.abc import Sequence

from msgspec import Struct, structs

from graph.stored import Dropped
from schemas.times import DAY_MS, MINUTE_MS
from servicemap.budget import LEAST_MS

ORDER = (Dropped.FLOWS, Dropped.LOG, Dropped.MINUTES)


class Kept(Struct, frozen=True, kw_only=True, omit_defaults=False):
    """A resolution of the store, or a topic of the log. Times in ms; None: no limit, or not known.

    `since` and `until` are the times of its oldest and newest rows; `reach_ms` is how far back it will reach. `gives`
    says as what it makes room on the disk.
    """

    what: str  # store or log
    name: str
    answers: str
    since: int | None
    until: int | None
    limit_ms: int | None
    limit_bytes: int | None
    bytes: int | None
    daily_bytes: int | None = None
    reach_ms: int | None = None
    gives: Dropped | None = None

    @property
    def alone_ms(self) -> int | None:
        """Return how far back it may reach by its own limits; None for no limit."""
        by_size = self.limit_bytes * DAY_MS // self.daily_bytes if self.limit_bytes and self.daily_bytes else None
        return min((ms for ms in (self.limit_ms, by_size) if ms is not None), default=None)


def daily(kept: Kept) -> Kept:
    """Return it with what it takes a day, from what it took so far."""
    if kept.bytes is None or kept.since is None or kept.until is None or kept.limit_ms is None:
        return kept
    spent = max(kept.until - kept.since, MINUTE_MS)
    return structs.replace(kept, daily_bytes=kept.bytes * DAY_MS // spent)


def projected(found: Sequence[Kept], budget: int, promised_ms: int = 0) -> list[Kept]:
    """Return rows with how far they will reach within a budget of bytes, 0 for none; the log keeps what is promised."""
    rows = [daily(one) for one in found]
    rows = [structs.replace(one, reach_ms=one.alone_ms) for one in rows]
    for least in LEAST_MS:
        for what in ORDER:
            over = sum(map(_bytes, rows)) - budget
            if budget and over > 0:
                floor = max(least, promised_ms) if what is Dropped.LOG else least
                rows = _cut(rows, what, over, floor)
    return rows


def _bytes(kept: Kept) -> int:
    """Return what it will take."""
    if kept.daily_bytes is None or kept.reach_ms is None:
        return kept.bytes or 0
    return kept.daily_bytes * kept.reach_ms // DAY_MS


def _cut(rows: Sequence[Kept], what: Dropped, over: int, floor: int) -> list[Kept]:
    """Return rows of which those that give way as `what` reach back to one time, as far as saves so many bytes."""
    giving = [one for one in rows if one.gives is what and one.reach_ms is not None]
    wanted = sum(map(_bytes, giving)) - over
    low, high = floor, max((one.reach_ms or 0 for one in giving), default=floor)
    while high - low > MINUTE_MS:
        middle = (low + high) // 2
        if sum(_bytes(_shortened(one, middle)) for one in giving) > wanted:
            high = middle
        else:
            low = middle
    return [_shortened(one, low) if one in giving else one for one in rows]


def _shortened(kept: Kept, reach: int) -> Kept:
    return structs.replace(kept, reach_ms=min(reach, kept.reach_ms or reach))

"""The stretches of time that a comparison reads: two ranges, and in steps the past of the first.

Each is cut into whole hours, whole minutes and windows, as far as roll-ups go. Times that are served by roll-ups alone
are read without a look at windows.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from graph.span import Reach
from graph.steps import Over
from graph.stored import RolledUpRow
from schemas.times import HOUR_MS, MINUTE_MS

_LONG_MS = 10 * MINUTE_MS
_FEWEST, _MOST = 12, 60  # steps of the past; between these, so many as are an hour


class Range(NamedTuple):
    """A range of time, [start, end), ms."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """Return its length, ms."""
        return self.end - self.start

    def readable(self, present: int, windows_since: int) -> "Range":
        """Return what can be read soon: a long or old range in whole minutes, one at least, but for the present.

        Windows are stored from a time on; older ones were dropped to make room.
        """
        if self.length < _LONG_MS and self.start >= windows_since:
            return Range(self.start, min(self.end, present))
        start, end = self.start // MINUTE_MS * MINUTE_MS, self.end // MINUTE_MS * MINUTE_MS
        return Range(start, min(present, max(end, start + MINUTE_MS)) if self.end < present else present)


class Stretches(NamedTuple):
    """The two ranges, and the steps of the past by their starts; `step` is their length, ms."""

    before: Range
    after: Range
    past: range
    rolled: RolledUpRow

    @property
    def lasting(self) -> int:
        """Return how many steps are as long as the second range."""
        return -(-self.after.length // self.past.step)

    @property
    def lengths(self) -> dict[int, int]:
        """Return the lengths of all stretches by their starts, the past first."""
        ranges = {one.start: one.length for one in (self.before, self.after)}
        return dict.fromkeys(self.past, self.past.step) | ranges

    def ends(self) -> Over:
        """Return what reads the two ranges."""
        return Over(_reach([*self._parts(self.before), *self._parts(self.after)]), self._point)

    def all_of(self, where: str) -> Over:
        """Return what reads the two ranges and the past, of the edges that a condition on an `edge` chooses."""
        past = self._parts(Range(self.past.start, self.past.stop), hours=self.past.step % HOUR_MS == 0)
        return Over(_reach([*past, *self._parts(self.before), *self._parts(self.after)]), self._point, where)

    def _point(self, at: str) -> str:
        """Return the start of the stretch that a time is in."""
        before, after, step = self.before.start, self.after.start, self.past.step
        return f"multiIf({at} >= {after}, {after}, {at} >= {before}, {before}, intDiv({at}, {step}) * {step})"

    def _parts(self, one: Range, *, hours: bool = True) -> Iterator[tuple[str, Range]]:
        """Yield the parts of a range by what they are read from."""
        minutes = _whole(one, MINUTE_MS, self.rolled.minutes_end)
        inner = _whole(minutes, HOUR_MS, self.rolled.newest_hour if hours else 0)
        yield "hour", inner
        for outer, whole, kind in ((minutes, inner, "minute"), (one, minutes, "window")):
            yield kind, Range(outer.start, whole.start)
            yield kind, Range(whole.end, outer.end)


def stretches(before: Range, after: Range, begin: int, rolled: RolledUpRow) -> Stretches:
    """Return the stretches of two ranges; the stored data `begin` at a time, ms.

    The past ends before the first range. Its steps are as long as the second, or shorter where little is stored.
    """
    step = after.length
    if before.start - begin < _FEWEST * step:
        step = (before.start - begin) // _FEWEST
    unit = HOUR_MS if step >= HOUR_MS else MINUTE_MS
    step = max(1, step // unit) * unit
    steps = min(max(HOUR_MS // step, _FEWEST), _MOST)
    end = before.start // step * step
    return Stretches(before, after, range(max(0, end - steps * step), end, step), rolled)


def _whole(one: Range, unit: int, end: int) -> Range:
    """Return the whole units of a range up to an end; an empty range at its start without any."""
    since, until = -(-one.start // unit) * unit, min(one.end, end) // unit * unit
    return Range(since, until) if since < until else Range(one.start, one.start)


def _reach(parts: Iterable[tuple[str, Range]]) -> Reach:
    """Return the conditions on the times of what is read."""
    found: dict[str, list[Range]] = {}
    for kind, one in parts:
        if one.length > 0:
            found.setdefault(kind, []).append(one)
    return Reach(
        windows=lambda column: _inside(column, found.get("window", ())),
        minutes=lambda: _inside("minute", found.get("minute", ())),
        hours=lambda: _inside("hour", found.get("hour", ())),
    )


def _inside(column: str, ranges: Iterable[Range]) -> str:
    """Return the condition that a time is in one of some ranges; "" without any."""
    time = "fromUnixTimestamp64Milli({}, 'UTC')".format
    either = " OR ".join(f"({column} >= {time(one.start)} AND {column} < {time(one.end)})" for one in ranges)
    return f"({either})" if either else ""

"""Variation: whether a measure differs between two times by more than its own past varies, and than chance explains."""

import math
from collections.abc import Callable
from typing import NamedTuple

from msgspec import Struct

from graph.culprit.departures import FURTHEST, NAMED, OUT, enough, had_such_times, quantile, scale, usual_spread
from graph.culprit.measures import MEASURES, Measure, Scale
from graph.culprit.model import Values

RATES = ("requests", "opened")  # each of their events is counted


class Counts(NamedTuple):
    """How many events a measure is made of, then and now: few prove little. `times` as long is the time now."""

    before: float
    after: float
    times: float = 1.0


class Change(Struct, frozen=True, kw_only=True):
    """A measure then and now, its usual median (None if too little of its past is known), and how far out it went.

    `out` is in robust units: the distance, divided by the usual spread.
    """

    measure: str
    before: float
    after: float
    usual: float | None
    out: float

    @property
    def unusual(self) -> bool:
        """Return whether it changed beyond what is usual."""
        return abs(self.out) >= OUT


def change(name: str, past: Values, before: float, after: float, counts: Counts | None = None) -> Change:
    """Compare a measure at two times. `past` has its values of earlier stretches, None where one is not known."""
    measure = MEASURES[name]
    usual = sorted(value for value in past if value is not None)
    known = enough(usual, len(past))
    middle = quantile(usual, 0.5) if known else None
    scaled = scale(measure, middle or max(before, after) or 1.0)
    if measure.scale is Scale.SHARE:
        scaled = scale(measure, middle or 0.0)
    spread = usual_spread(usual, scaled, measure) if known else measure.floor
    out = (scaled(after) - scaled(before)) / spread
    if counts is not None:
        out = math.copysign(min(abs(out), _beyond_chance(name, before, after, counts)), out)
    if middle is not None and _was_so(usual, middle, before, after, scaled):
        out = math.copysign(min(abs(out), NAMED - 1), out)
    out = max(-FURTHEST, min(FURTHEST, out))
    return Change(measure=name, before=before, after=after, usual=middle, out=out)


def _was_so(usual: list[float], middle: float, before: float, after: float, scaled: Callable[[float], float]) -> bool:
    """Return whether the past had times that were as far out as the further of both."""
    here = scaled(middle)
    distances = sorted(abs(scaled(value) - here) for value in usual)
    return had_such_times(distances, max(abs(scaled(value) - here) for value in (before, after)))


def _beyond_chance(name: str, before: float, after: float, counts: Counts) -> float:
    """Return the distance in standard deviations of what chance does, where events are independent."""
    measure: Measure = MEASURES[name]
    if name in RATES:
        expected = counts.before * counts.times
        return 2 * abs(math.sqrt(counts.after) - math.sqrt(expected)) / math.sqrt(1 + counts.times)
    part = 1 / max(counts.before, 0.5) + 1 / max(counts.after, 0.5)
    if measure.scale is Scale.RATIO:
        least = min(before, after)
        return math.log(max(before, after) / least) / math.sqrt(part) if least > 0 else FURTHEST
    whole = counts.before + counts.after
    share = (before * counts.before + after * counts.after) / whole if whole else 0.0
    share = min(max(share, 1 / max(whole, 1.0)), 1 - 1 / max(whole, 2.0))
    return abs(after - before) / math.sqrt(share * (1 - share) * part)

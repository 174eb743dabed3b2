"""How far a series departs from its own past: medians and quantiles, which a wrong start time hardly moves."""

import math
from collections.abc import Callable, Iterator, Sequence
from statistics import median
from typing import NamedTuple

from graph.culprit.measures import MEASURES, Measure, Scale
from graph.culprit.model import Measured, Values

WRONG_MS = 60_000  # the start of the trouble may be so far off
NOW_MS = 600_000  # after the start is looked at: what began it may be over later
LEAST_USUAL, LEAST_NOW = 5, 3  # points: fewer are no past; the first minute is left out where so many remain
LEAST_KNOWN = 0.1  # of the usual time: what is seen now and then has no past
BEFORE_MS = 600_000  # before the start: what was so already is not new
ALREADY = 0.3  # of a change is new, at the least
OUT = 5.0  # from so many robust units on, something departs
NAMED = 3.0  # the same where somebody names the symptom: less evidence suffices
FURTHEST = 50.0  # further out is not worse
_OF_NORMAL = 1.349  # the range between quartiles, in standard deviations of a normal distribution
_MOST = 0.4  # the rest is so far out at the least
_TINY = 0.02  # of the usual median: so small a rate differs from zero


class Split(NamedTuple):
    """Steps of the usual time, and of the time now; both leave out the minute around the start."""

    usual: range
    now: range
    before: range


def split(times: Sequence[int], began: int) -> Split:
    """Split steps at the start of the trouble, which may be a minute wrong."""
    usual = sum(time < began - WRONG_MS for time in times)
    late = sum(time < began + WRONG_MS for time in times)
    end = sum(time < began + NOW_MS for time in times)
    first = late if end - late >= LEAST_NOW else sum(time < began for time in times)
    before = sum(time < began - WRONG_MS - BEFORE_MS for time in times)
    return Split(range(usual), range(first, end), range(before, usual))


def departure(subject: str, name: str, values: Values, at: Split, whole: float = 0.0) -> Measured | None:
    """Compare a series with its own past; None where too little is known.

    The values of each step are made of so much as the `whole`, if that is known: few requests prove little.
    """
    usual = sorted(value for index in at.usual if (value := values[index]) is not None)
    now = [value for index in at.now if (value := values[index]) is not None]
    if not enough(usual, len(at.usual)) or len(now) < min(max(len(at.now), 1), LEAST_NOW):
        return None
    middle, measure = quantile(usual, 0.5), MEASURES[name]
    present = _present(sorted(now), middle)
    if measure.scale is Scale.RATIO and middle <= 0:
        return None
    scaled = scale(measure, middle)
    spread = usual_spread(usual, scaled, measure)
    if measure.scale is Scale.RATIO and whole > 0:
        spread = max(spread, 1 / math.sqrt(whole))
    elif whole > 0:
        share = min(max(middle, 1 / (whole * len(usual))), 0.5)
        spread = max(spread, math.sqrt(share * (1 - share) / whole))
    out = scaled(present) / spread
    before = [value for index in at.before if (value := values[index]) is not None]
    new = scaled(present) - scaled(median(before)) if before else scaled(present)
    blocks = sorted(abs(scaled(each)) for each in _blocks(values, at.usual, len(at.now)))
    if had_such_times(blocks, abs(scaled(present))) or abs(new) < ALREADY * abs(scaled(present)):
        out = math.copysign(min(abs(out), NAMED - 1), out)
    return Measured(subject=subject, measure=name, usual=middle, now=present, out=max(-FURTHEST, min(FURTHEST, out)))


def rises(found: Measured | None, least: float = OUT) -> bool:
    """Return whether something is known to be higher than usual."""
    return found is not None and found.out >= least


def enough(usual: Sequence[float], steps: int) -> bool:
    """Return whether so many known values, of so many steps, are a past."""
    return len(usual) >= max(LEAST_USUAL, LEAST_KNOWN * steps)


def usual_spread(usual: Sequence[float], scaled: Callable[[float], float], measure: Measure) -> float:
    """Return the spread of ordered values of the past, scaled; where they hardly vary, the floor of the measure."""
    return max((scaled(quantile(usual, 0.75)) - scaled(quantile(usual, 0.25))) / _OF_NORMAL, measure.floor)


def had_such_times(past: Sequence[float], far: float) -> bool:
    """Return whether something was about so far out before; `past` are the distances of the past, ordered."""
    return bool(past) and far < 1.5 * quantile(past, 0.98)


def scale(measure: Measure, middle: float) -> Callable[[float], float]:
    """Return how far a value is from the usual median: as a difference, or as the logarithm of a ratio."""
    if measure.scale is Scale.SHARE:
        return lambda value: value - middle
    return lambda value: math.log((value + _TINY * middle) / ((1 + _TINY) * middle))


def _present(now: Sequence[float], usual: float) -> float:
    """Return how things are now: as far out as most of the time is, so that a moment that is far off is nothing."""
    if len(now) < LEAST_NOW:
        return median(now)
    last = len(now) - 1
    low, high = now[math.floor(_MOST * last)], now[math.ceil((1 - _MOST) * last)]
    return min(max(usual, low), high)


def _blocks(values: Values, usual: range, length: int) -> Iterator[float]:
    """Yield the medians of stretches of the past that are as long as the time now."""
    for start in range(0, len(usual) - length + 1, max(length, 1)):
        known = [value for index in usual[start : start + length] if (value := values[index]) is not None]
        if known:
            yield median(known)


def quantile(ordered: Sequence[float], share: float) -> float:
    """Return the value below which a share of ordered values is."""
    at = share * (len(ordered) - 1)
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)

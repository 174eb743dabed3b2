"""Sketches of latency: counts in buckets that grow by a constant factor, so that any quantile of any union is known.

DDSketch (Masson, Rim, Lee: "DDSketch: a fast and fully-mergeable quantile sketch", VLDB 2019). Bucket i holds the times
in (GROWTH^(i-1), GROWTH^i] microseconds; times in one bucket become one value that is off by ERROR at most.
Sketches are united by adding their buckets up.
"""

from collections.abc import Mapping
from math import ceil, log

ERROR = 0.01
GROWTH = (1 + ERROR) / (1 - ERROR)
LONGEST_US = 3_600_000_000
_SCALE = 1 / log(GROWTH)


def bucket(microseconds: float) -> int:
    """Return the bucket of a time: 0 for a microsecond or less, that of an hour for all that is longer."""
    if microseconds <= 1:
        return 0
    return ceil(log(microseconds if microseconds < LONGEST_US else LONGEST_US) * _SCALE)


def microseconds(held: int) -> float:
    """Return the time that stands for a bucket."""
    return float(2 * GROWTH**held / (GROWTH + 1))


def quantile(sketch: Mapping[int, int], share: float) -> float:
    """Return the time, in microseconds, that a share (0..1) of the observations does not exceed; 0 without any.

    The view process_requests has the same in SQL.
    """
    rank = share * (sum(sketch.values()) - 1)
    passed = 0
    for held, count in sorted(sketch.items()):
        passed += count
        if passed > rank:
            return microseconds(held)
    return 0.0

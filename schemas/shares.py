"""Counters of more time than a window, in shares: in one window they would be a peak, and the others seem idle."""

from collections.abc import Sequence
from itertools import pairwise

LONGEST_MS = 24 * 3_600_000  # that counters are shared out over
MOST_WINDOWS = 17_280  # and so many windows: a day of them
MOST_ROWS = 100_000  # of all windows together; of more, some windows are left out


def covered(window: int, width: int, covers: int, rows: int = 1) -> Sequence[int]:
    """Return the starts of the windows that counters are of, `window` last, not too many for so many rows in each."""
    count = max(min(-(-covers // width), LONGEST_MS // width, MOST_WINDOWS, window // width + 1), 1)
    return thinned(range(window - (count - 1) * width, window + 1, width), rows)


def thinned(windows: Sequence[int], rows: int) -> Sequence[int]:
    """Return so few of the windows, the last among them, that so many rows in each are not too many."""
    step = max(-(-len(windows) * rows // MOST_ROWS), 1)
    return windows[(len(windows) - 1) % step :: step]


def shares(value: int, weights: Sequence[int]) -> list[int]:
    """Return a value in shares by weight, whole numbers whose sum is the value."""
    whole, upto = sum(weights), 0
    cuts = [0]
    for weight in weights:
        upto += weight
        cuts.append(value * upto // whole)
    return [cut - before for before, cut in pairwise(cuts)]

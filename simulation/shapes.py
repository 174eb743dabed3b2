"""How the numbers of real fleets are spread: quantiles that others have published, and numbers drawn like them."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from math import exp, log
from random import Random
from statistics import NormalDist
from typing import NamedTuple


class Quantile(NamedTuple):
    """So large a share of all is at most so much."""

    share: float
    value: float


def _quantiles(*pairs: tuple[float, float]) -> tuple[Quantile, ...]:
    return tuple(Quantile(share, value) for share, value in pairs)


# 18,571 services of Meta, 2022 (Huye et al., USENIX ATC 2023): all of their dependencies
CALLEES = _quantiles(
    (0.0, 1), (0.06, 1), (0.25, 2), (0.5, 4), (0.75, 7), (0.9, 13), (0.95, 21), (0.99, 93), (0.999, 1_337), (1, 5_865)
)  # fmt: skip
CALLERS = _quantiles(
    (0.0, 0.5), (0.27, 0.5), (0.5, 2), (0.75, 5), (0.9, 12), (0.95, 21), (0.99, 70), (0.999, 1_223), (1, 14_084)
)
INSTANCES_SIGMA = 2.47  # of the natural logarithm of a service's instances, there
INSTANCES_BY_CALLERS = 0.6  # how far instances go with callers: correlation of their logarithms
_NORMAL = NormalDist()


def at(table: Sequence[Quantile], share: float) -> float:
    """Return the value that a share of all does not exceed; between quantiles, on a scale of logarithms."""
    place = min(bisect_right(table, share, key=lambda one: one.share), len(table) - 1)
    low, high = table[place - 1], table[place]
    part = (share - low.share) / (high.share - low.share)
    return exp(log(low.value) + part * (log(high.value) - log(low.value)))


def drawn(table: Sequence[Quantile], count: int, rng: Random) -> list[float]:
    """Return so many numbers that are spread as a table says, in an order by chance."""
    values = [round(at(table, (number + 0.5) / count), 6) for number in range(count)]
    rng.shuffle(values)
    return values


def scores(values: Sequence[float]) -> list[float]:
    """Return the place of each among all, as a number of the normal distribution."""
    found = [0.0] * len(values)
    for place, number in enumerate(sorted(range(len(values)), key=values.__getitem__)):
        found[number] = _NORMAL.inv_cdf((place + 0.5) / len(values))
    return found


def counts(callers: Sequence[float], mean: float, most: int, rng: Random) -> list[int]:
    """Return numbers of instances: a log-normal that goes with the callers, of so large a mean, none above `most`."""
    own = (1 - INSTANCES_BY_CALLERS**2) ** 0.5
    places = [INSTANCES_BY_CALLERS * score + own * rng.gauss(0, 1) for score in scores(callers)]

    def total(middle: float) -> list[int]:
        return [min(max(round(exp(middle + INSTANCES_SIGMA * place)), 1), most) for place in places]

    return total(_solved(lambda middle: sum(total(middle)) / len(places), mean))


def _solved(grows: Callable[[float], float], wanted: float) -> float:
    """Return where a growing function has a value, between e^-10 and e^10 instances."""
    low, high = -10.0, 10.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if grows(middle) < wanted else (low, middle)
    return low

"""Who calls whom in a fleet of thousands: few are called by most, calls go downwards, and some go back."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import accumulate
from random import Random
from typing import NamedTuple

from simulation.shapes import CALLEES, CALLERS, drawn

ENTRIES, LEAVES = 0.13, 0.39  # of all services (Alibaba, arXiv 2504.13141)
BACK = 0.05  # of the calls of what is between them: so cycles exist
_WIDEST, _FEW, _WIDEST_OF_FEW = 0.1, 100, 0.35  # of all services, one calls at most; so many of a small fleet
_POPULAR = 1.6  # the power of weights with which the first 1 % get 50 to 60 % of the calls among 10,000, as measured


class CallGraph(NamedTuple):
    """Services by number: entries first, then what is between, from the top down, then leaves."""

    entries: int
    leaves: int
    callees: list[list[int]]

    @property
    def first_leaf(self) -> int:
        """Return the number of the first service that calls nobody."""
        return len(self.callees) - self.leaves


def call_graph(services: int, mean: float, rng: Random) -> CallGraph:
    """Return who calls whom among so many services, `mean` calls for each of them on the average.

    Both ends follow the published shapes. What many call is further down, so that it can be called by many.
    """
    entries, leaves = max(round(ENTRIES * services), 1), round(LEAVES * services)
    weights = [0.0] * entries + _weights(services - entries, leaves, rng)
    callers = services - leaves
    wide = _scaled(drawn(CALLEES, callers, rng), mean * services, _widest(services))
    draw = _Draw(weights, entries, rng)
    callees = []
    for caller in range(callers):
        first = max(caller + 1, entries)
        back = sum(rng.random() < BACK for _ in range(wide[caller])) if caller > entries else 0
        down = draw.some(first, services, wide[caller] - back)
        callees.append(down + draw.some(entries, caller, back))
    _let_all_be_called(callees, range(entries, services), rng)
    return CallGraph(entries, leaves, callees + [[] for _ in range(leaves)])


def _widest(services: int) -> float:
    """Return how many others a service calls at most: one that calls many calls those that are not popular, too."""
    return max(_WIDEST * services, min(_WIDEST_OF_FEW * services, _FEW), 1.0)


def _weights(count: int, leaves: int, rng: Random) -> list[float]:
    """Return how likely each is called: those between by their weight, as far as chance lets them, then leaves."""
    weights = [weight**_POPULAR for weight in drawn(CALLERS, count, rng)]
    between, last = weights[: count - leaves], weights[count - leaves :]
    return [*sorted(between, key=lambda weight: weight * rng.lognormvariate(0, 1.5)), *last]


def _let_all_be_called(callees: list[list[int]], wanted: Iterable[int], rng: Random) -> None:
    """Have somebody above call what nobody calls, in place of what others call as well."""
    callers = Counter(one for of_caller in callees for one in of_caller)
    for one in wanted:
        if callers[one]:
            continue
        of_caller = callees[rng.randrange(min(one, len(callees)))]
        spare = [place for place, other in enumerate(of_caller) if callers[other] > 1]
        if spare:
            place = rng.choice(spare)
            callers[of_caller[place]] -= 1
            of_caller[place] = one
        else:
            of_caller.append(one)
        callers[one] += 1


def _scaled(values: Sequence[float], total: float, most: float) -> list[int]:
    """Return whole numbers in proportion to values, with about such a total, none above `most`."""
    low, high = 0.0, total
    for _ in range(40):
        factor = (low + high) / 2
        reached = sum(min(max(factor * value, 1.0), most) for value in values)
        low, high = (factor, high) if reached < total else (low, factor)
    return [round(min(max(low * value, 1.0), most)) for value in values]


class _Draw:
    """Draws services by their weights, without those that were drawn."""

    def __init__(self, weights: Sequence[float], first: int, rng: Random) -> None:
        self._weights = weights
        self._sums = [0.0, *accumulate(weights)]
        self._rng = rng

    def some(self, first: int, end: int, count: int) -> list[int]:
        """Return so many services, or all there are, with numbers from `first` to `end`, by weight."""
        if count <= 0 or first >= end:
            return []
        if count * 4 >= end - first:
            return self._heaviest(first, end, count)
        found: dict[int, None] = {}
        tries = 0
        low, high = self._sums[first], self._sums[end]
        while len(found) < count:
            tries += 1
            if tries > 40 * count:  # few weigh so much that others are hardly ever drawn
                return self._heaviest(first, end, count)
            found[min(bisect_right(self._sums, self._rng.uniform(low, high)) - 1, end - 1)] = None
        return list(found)

    def _heaviest(self, first: int, end: int, count: int) -> list[int]:
        """Draw with the keys of Efraimidis and Spirakis: their cost does not depend on the weights."""
        keyed = [(self._rng.random() ** (1 / self._weights[one]), one) for one in range(first, end)]
        return [one for _, one in sorted(keyed, reverse=True)[:count]]

"""Chance that is the same on every machine: drawn from a seed and a purpose, by arithmetic that IEEE 754 defines."""

from math import sqrt
from random import Random
from statistics import NormalDist

_STEPS = 64
_NORMAL = tuple(round(NormalDist().inv_cdf((step + 0.5) / _STEPS), 4) for step in range(_STEPS))
_FEW = 4


def chance(seed: int | str, purpose: str) -> Random:
    """Return the source of chance for one purpose, which no other purpose disturbs."""
    return Random(f"{seed} {purpose}")


def drawn(mean: float, random: Random) -> int:
    """Return a whole number that scatters about a mean as arrivals do."""
    even = random.random()
    if mean < _FEW:
        return int(mean + even)
    step = even * _STEPS
    return max(0, int(mean + sqrt(mean) * _NORMAL[int(step)] + step % 1))

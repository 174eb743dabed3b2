"""How long a server takes to answer, and how often it fails: quantiles in steps, as its callers see them."""

from math import exp
from statistics import NormalDist

from schemas.latency import LONGEST_US, bucket

STEPS = 16  # quantiles
_SPREAD = 0.5  # of the logarithm
_OWN = tuple(round(exp(_SPREAD * NormalDist().inv_cdf((step + 0.5) / STEPS)), 4) for step in range(STEPS))
_OTHERS = tuple(round(0.5 + factor / 2, 4) for factor in _OWN)  # the sum of several scatters less
MIDDLE = STEPS // 2
Buckets = tuple[int, ...]
_INTERNED = tuple(range(bucket(LONGEST_US) + 1))  # tuples of thousands of routes hold the same numbers


class Times:
    """The times of one server: quantiles, their mean, and the share of its answers that are errors."""

    __slots__ = ("_buckets", "_quantiles", "errors", "mean_us")

    def __init__(self) -> None:
        self.errors = 0.0
        self.mean_us = 0.0
        self._quantiles = [0] * STEPS
        self._buckets: dict[int, Buckets] = {}

    def set(self, own_us: float, others_us: float, late_share: float, late_us: float, errors: float) -> None:
        """Set what its own work takes, what that of others takes, and how many requests wait in vain for so long."""
        self.errors = min(round(errors, 9), 1.0)
        late = STEPS - round(late_share * STEPS)
        quantiles = [
            round(own_us * own + others_us * others + (late_us if step >= late else 0))
            for step, (own, others) in enumerate(zip(_OWN, _OTHERS, strict=True))
        ]
        self.mean_us = own_us + others_us + late_share * late_us
        if quantiles != self._quantiles:
            self._quantiles = quantiles
            self._buckets = {}

    def buckets(self, away_us: int = 0) -> Buckets:
        """Return the buckets of the quantiles, as a client sees them whose round trip takes so long."""
        found = self._buckets.get(away_us)
        if found is None:
            found = tuple(_INTERNED[bucket(one + away_us)] for one in self._quantiles)
            self._buckets[away_us] = found
        return found

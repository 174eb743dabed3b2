"""Quantiles of the times to answer, from sketches (schemas/latency.py)."""

from typing import NamedTuple

from graph.asked import within_ms


class Quantiles(NamedTuple):
    """A column of times, ms, at some shares of the answers; `sketch` is the column that has the answers."""

    name: str
    sketch: str
    shares: tuple[float, ...]

    @property
    def columns(self) -> dict[str, str]:
        """Return the buckets, the number of answers in each and all below it, and the times."""
        buckets, passed = f"{self.name}_buckets", f"{self.name}_passed"
        shares = ", ".join(map(str, self.shares))
        return {
            buckets: f"mapKeys({self.sketch})",
            passed: f"arrayCumSum(mapValues({self.sketch}))",
            self.name: f"arrayMap(share -> {within_ms(buckets, passed, 'share')}, [{shares}])",
        }

    def at(self, share: float) -> str:
        """Return the time at a share."""
        return f"{self.name}[{self.shares.index(share) + 1}]"

    @property
    def answers(self) -> str:
        """Return the number of answers."""
        return f"{self.name}_passed[-1]"

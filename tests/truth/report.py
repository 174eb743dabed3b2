"""The result of a comparison: a line for each error, and how much is known."""

from collections import Counter
from dataclasses import dataclass, field

LEVELS = ("process", "service", "tie", "host", "address")
MOST_LINES = 12


def _none() -> list[str]:
    return []


@dataclass
class Report:
    """The result of one scenario. `levels` counts an end once for each window."""

    flows: int = 0
    counts: list[str] = field(default_factory=_none)  # missing, made up, counted twice
    bytes: list[str] = field(default_factory=_none)
    excused: Counter[str] = field(default_factory=Counter)  # inexact ends of hosts whose agents report losses
    edges: list[str] = field(default_factory=_none)  # counted twice or made up, on the edges that people see
    missed: int = 0  # connections that are not on the edges that people see
    turned: list[str] = field(default_factory=_none)  # client and server are exchanged
    wrong: list[str] = field(default_factory=_none)  # a name of a process or service that was not there
    unnamed: list[str] = field(default_factory=_none)  # open for several windows, and only its host is known
    unknown: list[str] = field(default_factory=_none)  # the laboratory itself knows no owner
    levels: Counter[str] = field(default_factory=Counter)
    connections: int = 0
    named: int = 0  # connections of which both processes are known

    def line(self, name: str) -> str:
        """Return its line of the table."""
        ends = max(sum(self.levels.values()), 1)
        shares = [self.named / max(self.connections, 1), *(self.levels[level] / ends for level in LEVELS)]
        return f"{name:64}{self.flows:9}" + "".join(f"{share:9.0%}" for share in shares)


def head() -> str:
    """Return the head of the table."""
    return f"{'scenario':64}{'flows':>9}{'pairs':>9}" + "".join(f"{level:>9}" for level in LEVELS)


def lines(found: list[str]) -> str:
    """Return the first findings, for a failure."""
    more = f"\n… {len(found)} in all" if len(found) > MOST_LINES else ""
    return "\n" + "\n".join(found[:MOST_LINES]) + more

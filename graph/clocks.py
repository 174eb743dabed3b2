"""Find how far the clocks of hosts are apart, by the connections that two hosts saw open.

Each end reports the window in which a connection opened, by the clock of its host. One window is coarse, but the mean
of many is exact: the windows of two ends are on average as far apart as the clocks.
"""

from collections.abc import Iterable, Mapping
from statistics import median
from typing import NamedTuple

from graph.asking import Store
from graph.identity import cut, part
from graph.span import in_range
from graph.sql import inside, select, within
from graph.titles import HOSTNAMES, called

LEAST_CONNECTIONS = 20  # a mean over so many windows of 5 s is right to about half a second
FAR_MS = 2_000  # clocks further apart are reported; up to 30 s each connection still counts once (streams/meetings.py)
_ROUNDS, _SETTLED_MS = 100, 0.01
_FLOW = ("transport", *(f"{end}_{name}" for end in "ab" for name in ("scope", "address", "port")))


class PairRow(NamedTuple):
    """Two hosts, the ms by which the clock of the `other` is ahead of the clock of `one`, and the evidence for it."""

    one: str
    other: str
    apart_ms: float
    connections: int


class Clock(NamedTuple):
    """The ms by which a host's clock is ahead of the median of all, and the number of connections that show it."""

    ahead_ms: float
    connections: int


def pairs_of_clocks() -> str:
    """Return the pairs of hosts with enough connections that opened in [from, to), ms, as seen at both ends."""
    return f"{_pairs()}\nORDER BY one, other"


def clocks_apart() -> str:
    """Return the seconds by which the clocks of two hosts are apart, for an alert."""
    columns = {
        "host": called("one"),
        "other_host": called("other"),
        "apart_seconds": "toFloat64(abs(apart_ms) / 1000)",
    }
    rows = select(columns, inside(_pairs()), where=f"abs(apart_ms) > {FAR_MS}")
    return within([HOSTNAMES], f"{rows}\nORDER BY host, other_host\nLIMIT 100")


def clocks(pairs: Iterable[PairRow]) -> dict[str, Clock]:
    """Return the clock of each host that has pairs: the best fit to all pairs, weighed by connections."""
    facing: dict[str, list[tuple[str, float, int]]] = {}
    for one, other, apart_ms, connections in pairs:
        facing.setdefault(one, []).append((other, -apart_ms, connections))
        facing.setdefault(other, []).append((one, apart_ms, connections))
    ahead = dict.fromkeys(facing, 0.0)
    for _ in range(_ROUNDS):
        before = dict(ahead)
        for host, others in facing.items():
            weight = sum(count for *_, count in others)
            ahead[host] = sum((ahead[other] + apart) * count for other, apart, count in others) / weight
        if all(abs(ahead[host] - before[host]) < _SETTLED_MS for host in facing):
            break
    middle = median(ahead.values()) if ahead else 0.0
    return {host: Clock(ahead[host] - middle, sum(count for *_, count in others)) for host, others in facing.items()}


def _pairs() -> str:
    """Leave out flows whose ports were reused, because their openings cannot be matched."""
    opened = {f"{end}_opened_ms": f"toUnixTimestamp64Milli(maxIf(window, {end}_opened))" for end in "ab"}
    hosts = {f"{end}_host": part(cut(f"anyIf({end}_who, {end}_opened)"), "host") for end in "ab"}
    once = " AND ".join(f"countIf({end}_opened) = 1" for end in "ab")
    flows = select(opened | hosts, "edges FINAL", where=in_range("window"), group=_FLOW) + f"\nHAVING {once}"
    in_order = "a_host < b_host"
    columns = {
        "one": f"if({in_order}, a_host, b_host)",
        "other": f"if({in_order}, b_host, a_host)",
        "apart_ms": f"avg(if({in_order}, 1, -1) * (b_opened_ms - a_opened_ms))",
        "connections": "count()",
    }
    known = "a_host != '' AND b_host != '' AND a_host != b_host"
    rows = select(columns, inside(flows), where=known, group=("one", "other"))
    return f"{rows}\nHAVING connections >= {LEAST_CONNECTIONS}"


def read_clocks(store: Store, start: int, end: int) -> dict[str, Clock]:
    """Return the clocks of hosts, by the connections of [start, end), ms."""
    return clocks(store.rows(PairRow, pairs_of_clocks(), {"from": start, "to": end}))


def off(found: Mapping[str, Clock]) -> dict[str, str]:
    """Describe the clocks that are far from the others, by host, the farthest first."""
    far = {host: clock for host, clock in found.items() if abs(clock.ahead_ms) > FAR_MS}
    return {
        host: f"{abs(clock.ahead_ms) / 1000:.1f} s {'ahead of' if clock.ahead_ms > 0 else 'behind'} the others"
        for host, clock in sorted(far.items(), key=lambda one: (-abs(one[1].ahead_ms), one[0]))
    }

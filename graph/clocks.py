"""Find how far the clocks of hosts are apart, by the connections that two hosts saw open.

Each end reports the window in which a connection opened, by the clock of its host. One window is coarse, but the mean
of many is exact: the windows of two ends are on average as far apart as the clocks.

Pairs of hosts are joined to groups, those with the most connections first, as a spanning forest is made (Kruskal). Only
clocks of one group are compared: nothing is known about hosts that no connections lead to. One query judges them, for
doctor, the live view and the alert.
"""

from collections.abc import Iterable
from typing import NamedTuple

from graph.asking import Store
from graph.identity import cut, part
from graph.orientation import seen
from graph.span import in_range
from graph.sql import inside, select, within
from graph.titles import HOSTNAMES, called

LEAST_CONNECTIONS = 20  # a mean over so many windows of 5 s is right to about half a second
FAR_MS = 2_000  # clocks further apart are reported; up to 30 s each connection still counts once (streams/meetings.py)
_MOST_PAIRS = 10_000  # of a thousand hosts, in about two seconds
_FLOW = ("transport", *(f"{end}_{name}" for end in "ab" for name in ("scope", "address", "port")))
_WALKED = "'Tuple(hosts Array(String), leaders Array(String), aheads Array(Float64))'"


class PairRow(NamedTuple):
    """Two hosts, the ms by which the clock of the `other` is ahead of the clock of `one`, and the evidence for it."""

    one: str
    other: str
    apart_ms: float
    connections: int


class ClockRow(NamedTuple):
    """A host, the ms by which its clock is ahead of the median of its group, and the ms between the group's extremes.

    A clock is `far` (1) if its group is more than FAR_MS apart, and it is more than half of that from the median.
    """

    host: str
    ahead_ms: float
    spread_ms: float
    far: int


def clocks(pairs: str = "") -> str:
    """Return the clocks of all hosts in pairs; by default in those of [from, to), ms."""
    measured = {
        "host": "host",
        "ahead_ms": "ahead - quantileExactInclusive(0.5)(ahead) OVER (PARTITION BY leader)",
        "spread_ms": "max(ahead) OVER (PARTITION BY leader) - min(ahead) OVER (PARTITION BY leader)",
    }
    columns = [*measured, f"spread_ms > {FAR_MS} AND abs(ahead_ms) > {FAR_MS // 2} AS far"]
    rows = select(columns, inside(select(measured, inside(_walked(pairs or pairs_of_clocks())))))
    return f"{rows}\nORDER BY host"


def clocks_apart() -> str:
    """Return the seconds by which the clocks that are far are ahead of or behind the others, for an alert."""
    columns = {
        "host": called("clock.host"),
        "direction": "if(ahead_ms > 0, 'ahead of', 'behind')",
        "off_seconds": "toFloat64(abs(ahead_ms) / 1000)",
    }
    rows = select(columns, f"{inside(clocks())} AS clock", where="far")
    return within([HOSTNAMES], f"{rows}\nORDER BY host\nLIMIT 100")


def _walked(pairs: str) -> str:
    """Return each host, the leader of its group, and the ms by which its clock is ahead, of some clock of the group.

    Each host begins as its own leader. A pair of two groups moves all clocks of the second one, so that the two hosts
    are as far apart as their connections show, and gives them the leader of the first one.
    """
    best = f"{select(PairRow._fields, inside(pairs))}\nORDER BY connections DESC, one, other\nLIMIT {_MOST_PAIRS}"
    gathered = {
        "ones": "groupArray(one)",
        "others": "groupArray(other)",
        "aparts": "groupArray(apart_ms)",
        "hosts": "arrayDistinct(arrayConcat(ones, others))",
    }
    start = f"CAST((hosts, hosts, arrayWithConstant(length(hosts), 0.)), {_WALKED})"
    one, other = (
        {name: f"walked.{name}s[indexOf(walked.hosts, {end})]" for name in ("leader", "ahead")}
        for end in ("one", "other")
    )
    shift = f"if({one['leader']} = {other['leader']}, 0, {one['ahead']} + apart - {other['ahead']})"
    leaders = (
        "arrayMap((leader, left, joined) -> if(leader = left, joined, leader), "
        f"walked.leaders, {_for_each(other['leader'])}, {_for_each(one['leader'])})"
    )
    aheads = (
        "arrayMap((ahead, leader, left, shift) -> ahead + if(leader = left, shift, 0), "
        f"walked.aheads, walked.leaders, {_for_each(other['leader'])}, {_for_each(shift)})"
    )
    step = f"(walked, one, other, apart) -> CAST((walked.hosts, {leaders}, {aheads}), {_WALKED})"
    walked = select(
        [f"arrayFold({step}, ones, others, aparts, {start}) AS walked"], inside(select(gathered, inside(best)))
    )
    each = "ARRAY JOIN walked.hosts AS host, walked.leaders AS leader, walked.aheads AS ahead"
    return select(["host", "leader", "ahead"], inside(walked), each)


def _for_each(value: str) -> str:
    """Repeat a value for all hosts. A lambda within a lambda would copy all that it uses for each of them instead."""
    return f"arrayWithConstant(length(walked.hosts), {value})"


def pairs_of_clocks() -> str:
    """Return the pairs of hosts with enough connections that opened in [from, to), ms, as seen at both ends.

    Flows whose ports were used again are left out, because their openings cannot be matched.
    """
    opened = {f"{end}_opened_ms": f"toUnixTimestamp64Milli(maxIf(window, {end}_opened))" for end in "ab"}
    hosts = {f"{end}_host": part(cut(f"anyIf({end}_who, {end}_opened)"), "host") for end in "ab"}
    once = " AND ".join(f"countIf({end}_opened) = 1" for end in "ab")
    where = f"{in_range('window')} AND {seen()}"
    flows = select(opened | hosts, "edges FINAL", where=where, group=_FLOW) + f"\nHAVING {once}"
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


def read_clocks(store: Store, start: int, end: int) -> list[ClockRow]:
    """Return the clocks of hosts, by the connections of [start, end), ms."""
    return store.rows(ClockRow, clocks(), {"from": start, "to": end})


def off(found: Iterable[ClockRow]) -> dict[str, str]:
    """Describe the clocks that are far from the others, by host, the farthest first."""
    far = sorted((clock for clock in found if clock.far), key=lambda clock: (-abs(clock.ahead_ms), clock.host))
    return {
        clock.host: f"{abs(clock.ahead_ms) / 1000:.1f} s {'ahead of' if clock.ahead_ms > 0 else 'behind'} the others"
        for clock in far
    }

"""The time line: the traffic of all edges of a level, step by step."""

from collections.abc import Mapping
from typing import NamedTuple

from graph import traffic
from graph.columns import KEY
from graph.packing import plain
from graph.sql import inside, select
from graph.steps import point_of, with_steps


class TimelineRow(NamedTuple):
    """A row of `timeline`: the number of edges in a step, and their traffic.

    `counted` are the counters of both ends (traffic.OWN_SUMS).
    """

    point: int
    edges: int
    opened: int
    failed: int
    bytes: int
    counted: Mapping[str, int]


_SUMS = ("opened", "failed", "bytes")


def timeline(level: str, *, rolled_up: bool = True) -> str:
    """Return the traffic of all edges of a level in [from, to), ms, a row for each %(step)s ms that has any."""
    edge = {
        **{name: plain(f"connections_{name}", "row") for name in ("opened", "failed")},
        "bytes": f"{traffic.to_server('row')} + {traffic.to_client('row')}",
        "counted": traffic.added("row"),
    }
    edges = {
        "point": point_of("edge.at"),
        **{name: f"edge.{name}" for name in KEY},
        **{name: f"sum(edge.{name})" for name in _SUMS},
        "counted": "sumForEach(edge.counted)",
    }
    sums = {name: f"sum(once.{name})" for name in _SUMS} | {"counted": traffic.counted("sumForEach(once.counted)")}
    points = {"point": "once.point", "edges": "count()", **sums}
    once = select(edges, "edge", group=("point", *(f"edge.{name}" for name in KEY)))
    begun = with_steps(level, edge, f"once AS {inside(once)}", rolled_up=rolled_up)
    return f"{begun}\n{select(points, 'once', group=('once.point',))}\nORDER BY point"

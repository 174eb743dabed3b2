"""What held the nodes of a map back: CPU quotas, memory limits, kills for want of memory (schemas/raw.py, Usage)."""

from typing import NamedTuple

from graph.levels import KNOWN, node_at
from graph.span import in_range, moment
from graph.sql import inside, select

_SUMS = ("cpu_periods", "cpu_throttled_periods", "oom_kills")
_FACTS = (*_SUMS, "limited_memory_bytes", "memory_limit_bytes")
_GROUP = ("host", "cgroup", "window")


class PressureRow(NamedTuple):
    """A row of `node_pressure`: sums of a range, and the greatest share of a memory limit that was in use."""

    node: str
    cpu_periods: int
    cpu_throttled_periods: int
    oom_kills: int
    memory_share: float


def node_pressure(level: str) -> str:
    """Return what held the nodes of a level back in [from, to), ms: those whose processes any limit or kill concerns.

    What the processes of a control group have in common counts once for each node that has some of them.
    """
    used = select(
        {"node": "row.node", **{name: f"row.{name}" for name in _GROUP}, **{n: f"max(row.{n})" for n in _FACTS}},
        "process_usage AS row",
        where=f"{in_range('row.window')} AND row.cgroup != ''",
        group=("row.node", *(f"row.{name}" for name in _GROUP)),
    )
    known = select(
        {"node": "process.node", **{name: f"argMax(process.{name}, process.seen)" for name in KNOWN}},
        "nodes AS process",
        where=(
            f"process.hour >= toStartOfHour({moment('from')} - INTERVAL 2 HOUR) AND process.hour < {moment('to')}\n"
            "    AND process.node IN (SELECT node FROM used)"
        ),
        group=("process.node",),
    )
    groups = select(
        {
            "at": node_at("node", _column, "known", level),
            **{name: f"used.{name}" for name in _GROUP},
            **{name: f"max(used.{name})" for name in _FACTS},
        },
        "used",
        "INNER JOIN known ON known.node = used.node",
        group=("at", *(f"used.{name}" for name in _GROUP)),
    )
    columns = {
        "node": "of_group.at",
        **{name: f"sum(of_group.{name})" for name in _SUMS},
        "memory_share": "max(of_group.limited_memory_bytes / greatest(of_group.memory_limit_bytes, 1))",
    }
    rows = select(columns, f"{inside(groups)} AS of_group", group=("of_group.at",))
    return f"WITH\nused AS {inside(used)},\nknown AS {inside(known)}\n{rows}\nORDER BY node"


def _column(name: str, row: str) -> str:
    """Write a column of a process, which is an end of its own here: `node_service` is its `service`."""
    return f"{row}.{name if name == 'node' else name.removeprefix('node_')}"

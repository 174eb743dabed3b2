"""What held the nodes of a map back: CPU quotas, memory limits, kills for want of memory (schemas/raw.py, Usage)."""

from typing import NamedTuple

from graph.levels import KNOWN, node_at
from graph.span import in_range, moment
from graph.sql import defined, inside, select, within
from schemas.times import HOUR_MS

_SUMS = ("cpu_periods", "cpu_throttled_periods")
_HELD = ("limited_memory_bytes", "memory_limit_bytes")
_GROUP = ("host", "cgroup")
# Of a range of n hours one window in n is read, the same ones of all groups: shares of a day do not need every window.
_READ = f"modulo(cityHash64(row.window), greatest(intDiv(%(to)s - %(from)s, {HOUR_MS}), 1)) = 0"


class PressureRow(NamedTuple):
    """A row of `node_pressure`: periods of the windows that were read, the greatest share of a memory limit in them,
    and all kills of a range.
    """

    node: str
    cpu_periods: int
    cpu_throttled_periods: int
    oom_kills: int
    memory_share: float


def node_pressure(level: str) -> str:
    """Return what held the nodes of a level back in [from, to), ms: those whose processes any limit or kill concerns.

    What the processes of a control group have in common counts once for each node that has some of them.
    """
    windows = select(
        {
            **{name: f"row.{name}" for name in _GROUP},
            "nodes": "groupUniqArray(row.node)",
            "read": f"toUInt8({_READ})",
            **{name: f"max(row.{name})" for name in (*_SUMS, *_HELD, "oom_kills")},
        },
        "process_usage AS row",
        where=f"{in_range('row.window')} AND row.cgroup != '' AND ({_READ} OR row.oom_kills > 0)",
        group=("row.window", *(f"row.{name}" for name in _GROUP)),
    )
    groups = select(
        {
            **{name: f"of_window.{name}" for name in _GROUP},
            "nodes": "groupUniqArrayArray(of_window.nodes)",
            **{name: f"sumIf(of_window.{name}, of_window.read)" for name in _SUMS},
            "oom_kills": "sum(of_window.oom_kills)",
            "memory_share": "max(of_window.limited_memory_bytes / greatest(of_window.memory_limit_bytes, 1))",
        },
        f"{inside(windows)} AS of_window",
        group=(f"of_window.{name}" for name in _GROUP),
    )
    known = select(
        {"node": "process.node", **{name: f"argMax(process.{name}, process.seen)" for name in KNOWN}},
        "nodes AS process",
        where=f"process.hour >= toStartOfHour({moment('from')} - INTERVAL 2 HOUR) AND process.hour < {moment('to')}",
        group=("process.node",),
    )
    facts = (*_SUMS, "oom_kills", "memory_share")
    at_level = select(
        {
            "at": node_at("node", _column, "known", level),
            **{name: f"held.{name}" for name in _GROUP},
            **{name: f"any(held.{name})" for name in facts},
        },
        f"{inside('SELECT * EXCEPT nodes, arrayJoin(nodes) AS node FROM groups')} AS held",
        "INNER JOIN known ON known.node = held.node",
        group=("at", *(f"held.{name}" for name in _GROUP)),
    )
    columns = {
        "node": "of_group.at",
        **{name: f"sum(of_group.{name})" for name in (*_SUMS, "oom_kills")},
        "memory_share": "max(of_group.memory_share)",
    }
    rows = select(columns, f"{inside(at_level)} AS of_group", group=("of_group.at",))
    return within(defined(groups=groups, known=known), f"{rows}\nORDER BY node")


def _column(name: str, row: str) -> str:
    """Write a column of a process, which is an end of its own here: `node_service` is its `service`."""
    return f"{row}.{name if name == 'node' else name.removeprefix('node_')}"

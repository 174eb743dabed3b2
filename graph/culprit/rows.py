"""The queries behind the evidence: edges, requests, and what nodes and hosts use, in steps of a range."""

from collections.abc import Mapping
from typing import NamedTuple

from graph import traffic
from graph.columns import ENDS, KEY
from graph.levels import KNOWN, node_at
from graph.packing import plain
from graph.span import in_range, moment
from graph.sql import defined, inside, select, text, within
from graph.steps import Over, point_of, with_steps

MOST_ROWS = 500_000  # of a query: some thousand edges for more than an hour


class EdgeStepRow(NamedTuple):
    """A row of `edges_in_steps`: what happened on an edge in a step, and what each side counted; round trips in us.

    `moved` are the bytes in both directions.
    """

    point: int
    client: str
    server: str
    transport: str
    server_port: int
    opened: int
    failed: int
    moved: int
    client_sent_segments: int
    client_retransmits: int
    client_rtt: float
    server_sent_segments: int
    server_retransmits: int
    server_rtt: float
    client_hosts: list[str]
    client_titled: list[str]
    server_hosts: list[str]
    server_titled: list[str]


class UsedRow(NamedTuple):
    """A row of `nodes_in_steps` and `hosts_in_steps`: what a node used in a step, by measure; NaN is not known."""

    point: int
    node: str
    used: Mapping[str, float]


_COUNTED = ("sent_segments", "retransmits")
_TITLED = ("service", "name", "container", "container_name")  # as graph/titles.py wants them
_AT = "toUnixTimestamp64Milli(used.window)"


def edges_in_steps(level: str, over: Over | None = None) -> str:
    """Return the edges of a level in [from, to), ms, a row for each %(step)s ms in which there was anything of one.

    With `over` other rows are read, and points are others.
    """
    edge = {name: plain(f"connections_{name}", "row") for name in ("opened", "failed")}
    edge["moved"] = f"{traffic.to_server('row')} + {traffic.to_client('row')}"
    for end in ENDS:
        edge |= {f"{end}_{name}": plain(f"{end}_{name}", "row") for name in (*_COUNTED, "rtt_us", "host", *_TITLED)}
    point, where, reach = (over.point("edge.at"), over.where, over.reach) if over else (point_of("edge.at"), "", None)
    columns = {"point": point, **{name: f"edge.{name}" for name in KEY}}
    columns |= {name: f"sum(edge.{name})" for name in ("opened", "failed", "moved")}
    for end in ENDS:
        columns |= {f"{end}_{name}": f"sum(edge.{end}_{name})" for name in _COUNTED}
        columns[f"{end}_rtt"] = traffic.measured(f"edge.{end}_rtt_us")
        columns[f"{end}_hosts"] = f"groupUniqArrayIf(edge.{end}_host, edge.{end}_host != '')"
        columns[f"{end}_titled"] = f"[{', '.join(f'max(edge.{end}_{name})' for name in _TITLED)}]"
    rows = select(columns, "edge", where=where, group=("point", *(f"edge.{name}" for name in KEY)))
    ordered = select({name: name for name in EdgeStepRow._fields}, inside(rows))
    return f"{with_steps(level, edge, reach=reach)}\n{ordered}\nORDER BY {', '.join(KEY)}, point\nLIMIT {MOST_ROWS}"


def nodes_in_steps(level: str) -> str:
    """Return the CPUs that the nodes of a level used in each step, and what held them back."""
    facts = {
        "cpu_ms": "sum(used.cpu_ms)",
        "periods": "sum(used.cpu_periods)",
        "throttled": "sum(used.cpu_throttled_periods)",
        "memory": "max(used.limited_memory_bytes / greatest(used.memory_limit_bytes, 1))",
        "limited": "max(used.memory_limit_bytes)",
        "oom_kills": "max(used.oom_kills)",
    }
    steps = select(
        {"point": point_of(_AT), "process": "used.node", **facts},
        "process_usage AS used FINAL",
        where=in_range("used.window"),
        group=("point", "process"),
    )
    known = select(
        {"node": "process.node", **{name: f"argMax(process.{name}, process.seen)" for name in KNOWN}},
        "nodes AS process",
        where=f"process.hour >= toStartOfHour({moment('from')} - INTERVAL 2 HOUR) AND process.hour < {moment('to')}",
        group=("process.node",),
    )
    shares = {
        "cpu": "sum(steps.cpu_ms) / %(step)s",
        "throttled": "sum(steps.throttled) / nullIf(sum(steps.periods), 0)",
        "memory": "if(max(steps.limited) = 0, NULL, max(steps.memory))",
        "oom_kills": "sum(steps.oom_kills) * 1000 / %(step)s",
    }
    rows = select(
        {"point": "steps.point", "node": node_at("node", of_process, "known", level), "used": _used(shares)},
        "steps",
        "INNER JOIN known ON known.node = steps.process",
        group=("point", "node"),
    )
    return within(defined(steps=steps, known=known), f"{rows}\nORDER BY node, point\nLIMIT {MOST_ROWS}")


def hosts_in_steps() -> str:
    """Return how busy each host was in each step: its CPUs, and the greatest share of time in which anything waited."""
    waited = ", ".join(f"sum(used.{what}_pressure_us)" for what in ("cpu", "memory", "io"))
    shares = {
        "cpu": "avg(used.cpu_ratio)",
        "waiting": f"greatest({waited}) / (sum(used.width_ms) * 1000)",
        "oom_kills": "sum(used.oom_kills) * 1000 / sum(used.width_ms)",
    }
    rows = select(
        {"point": point_of(_AT), "node": "concat('host:', used.host)", "used": _used(shares)},
        "host_usage AS used FINAL",
        where=in_range("used.window"),
        group=("point", "node"),
    )
    return f"{rows}\nORDER BY node, point\nLIMIT {MOST_ROWS}"


def _used(shares: Mapping[str, str]) -> str:
    values = (f"{text(name)}, ifNull(toFloat64({made}), nan)" for name, made in shares.items())
    return f"map({', '.join(values)})"


def of_process(name: str, row: str) -> str:
    """Write a column of a process, which is an end of its own here: `node_service` is its `service`."""
    return f"{row}.{name if name == 'node' else name.removeprefix('node_')}"

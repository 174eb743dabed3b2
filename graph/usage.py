"""What processes and hosts used, step by step."""

from typing import NamedTuple

from graph.span import in_range
from graph.sql import inside, select
from graph.steps import point_of


class ProcessUsageRow(NamedTuple):
    """A row of `process_usage`: CPU in ms, the others as means of the windows."""

    point: int
    cpu: int
    memory: float
    fds: float
    threads: float


class HostUsageRow(NamedTuple):
    """A row of `host_usage`: traffic in bytes and CPU of the agent in ms, the others as means of the windows."""

    point: int
    load: float
    cpu: float
    memory: float
    swap: float
    network_in: int
    network_out: int
    agent_cpu: int
    agent_memory: float


_AT = "toUnixTimestamp64Milli(used.window)"


def process_usage() -> str:
    """Return what the processes %(nodes)s used together in [from, to), ms, a row for each %(step)s ms."""
    together = {
        "window": "used.window",
        **{name: f"sum(used.{name})" for name in ("cpu_ms", "rss_bytes", "fds", "threads")},
    }
    where = f"used.node IN %(nodes)s AND {in_range('used.window')}"
    windows = select(together, "process_usage AS used FINAL", where=where, group=("used.window",))
    columns = {
        "point": point_of(_AT),
        "cpu": "sum(used.cpu_ms)",
        "memory": "avg(used.rss_bytes)",
        "fds": "avg(used.fds)",
        "threads": "avg(used.threads)",
    }
    return select(columns, f"{inside(windows)} AS used", group=("point",)) + "\nORDER BY point"


def host_usage() -> str:
    """Return what the host %(host)s used in [from, to), ms, a row for each %(step)s ms."""
    columns = {
        "point": point_of(_AT),
        "load": "avg(used.load1)",
        "cpu": "avg(used.cpu_ratio)",
        "memory": "avg(used.memory_used_bytes)",
        "swap": "avg(used.swap_used_bytes)",
        "network_in": "sum(used.network_received_bytes)",
        "network_out": "sum(used.network_sent_bytes)",
        "agent_cpu": "sum(used.agent_cpu_ms)",
        "agent_memory": "avg(used.agent_rss_bytes)",
    }
    where = f"used.host = %(host)s AND {in_range('used.window')}"
    return select(columns, "host_usage AS used FINAL", where=where, group=("point",)) + "\nORDER BY point"

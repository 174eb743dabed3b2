"""The time series of nodes and edges, and the rows of view_*_series and view_*_usage that they are made of."""

from typing import NamedTuple

from view.series import Line


class NodeSeriesRow(NamedTuple):
    """A row of the query view_node_series."""

    point: int
    bytes_in: int
    bytes_out: int
    opened_in: int
    opened_out: int
    active_in: float
    active_out: float
    failed_in: int
    failed_out: int
    retransmits: int
    rtt: float


TRAFFIC = (
    Line("bytes_in", "B/s", rate=True),
    Line("bytes_out", "B/s", rate=True),
    Line("opened_in", "1/s", rate=True),
    Line("opened_out", "1/s", rate=True),
    Line("active_in", "connections"),
    Line("active_out", "connections"),
    Line("failed_in", "1/s", rate=True),
    Line("failed_out", "1/s", rate=True),
    Line("retransmits", "1/s", rate=True),
    Line("rtt", "ms", 1e-3),
)


class ProcessUsageRow(NamedTuple):
    """A row of the query view_process_usage."""

    point: int
    cpu: int
    memory: float
    fds: float
    threads: float


PROCESSES = (
    Line("cpu", "cores", 1e-3, rate=True, steady=True),
    Line("memory", "B"),
    Line("fds", "files"),
    Line("threads", "threads"),
)


class HostUsageRow(NamedTuple):
    """A row of the query view_host_usage."""

    point: int
    load: float
    cpu: float
    memory: float
    swap: float
    network_in: int
    network_out: int
    agent_cpu: int
    agent_memory: float


HOST = (
    Line("load", "processes"),
    Line("cpu", "share"),
    Line("memory", "B"),
    Line("swap", "B"),
    Line("network_in", "B/s", rate=True, steady=True),
    Line("network_out", "B/s", rate=True, steady=True),
    Line("agent_cpu", "cores", 1e-3, rate=True, steady=True),
    Line("agent_memory", "B"),
)


class EdgeSeriesRow(NamedTuple):
    """A row of the query view_edge_series; `first` and `last` in ms."""

    point: int
    opened: int
    active: float
    failed: int
    client_sent: int
    client_received: int
    server_sent: int
    server_received: int
    client_retransmits: int
    server_retransmits: int
    client_segments: int
    server_segments: int
    client_rtt: float
    server_rtt: float
    first: int
    last: int
    rule: str


EDGE = (
    Line("opened", "1/s", rate=True),
    Line("active", "connections"),
    Line("failed", "1/s", rate=True),
    Line("client_sent", "B/s", rate=True),
    Line("server_received", "B/s", rate=True),
    Line("server_sent", "B/s", rate=True),
    Line("client_received", "B/s", rate=True),
    Line("client_retransmits", "1/s", rate=True),
    Line("server_retransmits", "1/s", rate=True),
    Line("client_rtt", "ms", 1e-3),
    Line("server_rtt", "ms", 1e-3),
)

"""The time series of nodes and edges: columns of the rows in graph/series.py and graph/usage.py."""

from view.series import Line

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


PROCESSES = (
    Line("cpu", "cores", 1e-3, rate=True, steady=True),
    Line("memory", "B"),
    Line("fds", "files"),
    Line("threads", "threads"),
)


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

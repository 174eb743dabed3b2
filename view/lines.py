"""Which time series a node and an edge have: the columns of the queries view_*_series and view_*_usage."""

from view.series import Line

TRAFFIC = (
    Line(1, "bytes_in", "B/s", rate=True),
    Line(2, "bytes_out", "B/s", rate=True),
    Line(3, "opened_in", "1/s", rate=True),
    Line(4, "opened_out", "1/s", rate=True),
    Line(5, "active_in", "connections"),
    Line(6, "active_out", "connections"),
    Line(7, "failed_in", "1/s", rate=True),
    Line(8, "failed_out", "1/s", rate=True),
    Line(9, "retransmits", "1/s", rate=True),
    Line(11, "rtt", "ms", 1e-3),
)
PROCESSES = (
    Line(1, "cpu", "cores", 1e-3, rate=True, heard=True),
    Line(2, "memory", "B"),
    Line(3, "fds", "files"),
    Line(4, "threads", "threads"),
)
HOST = (
    Line(1, "load", "processes"),
    Line(2, "cpu", "share"),
    Line(3, "memory", "B"),
    Line(4, "swap", "B"),
    Line(5, "network_in", "B/s", rate=True, heard=True),
    Line(6, "network_out", "B/s", rate=True, heard=True),
    Line(7, "agent_cpu", "cores", 1e-3, rate=True, heard=True),
    Line(8, "agent_memory", "B"),
)
EDGE = (
    Line(1, "opened", "1/s", rate=True),
    Line(2, "active", "connections"),
    Line(3, "failed", "1/s", rate=True),
    Line(4, "client_sent", "B/s", rate=True),
    Line(7, "server_received", "B/s", rate=True),
    Line(6, "server_sent", "B/s", rate=True),
    Line(5, "client_received", "B/s", rate=True),
    Line(8, "client_retransmits", "1/s", rate=True),
    Line(9, "server_retransmits", "1/s", rate=True),
    Line(12, "client_rtt", "ms", 1e-3),
    Line(13, "server_rtt", "ms", 1e-3),
)

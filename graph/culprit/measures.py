"""What is measured of edges, nodes and hosts, and from which change on it is worth a word.

A change is in robust units: the distance from the usual median, divided by the usual spread. Where the past hardly
varies, a floor stands for the spread, so that noise accuses nobody.
"""

from enum import Enum
from typing import NamedTuple


class Scale(Enum):
    """How values are compared: by their ratio (times, rates), or by their difference (shares)."""

    RATIO = "ratio"
    SHARE = "share"


class Measure(NamedTuple):
    """A measure by its title, unit and scale. The `floor` is the least spread: of logarithms, or of shares."""

    title: str
    unit: str
    scale: Scale
    floor: float


MEASURES = {
    "requests": Measure("requests", "/s", Scale.RATIO, 0.12),
    "opened": Measure("new connections", "/s", Scale.RATIO, 0.2),
    "failing": Measure("failing", "%", Scale.SHARE, 0.002),
    "mean": Measure("time to answer (mean)", "ms", Scale.RATIO, 0.05),
    "p50": Measure("time to answer (median)", "ms", Scale.RATIO, 0.05),
    "p95": Measure("time to answer (slowest 5 %)", "ms", Scale.RATIO, 0.1),
    "p99": Measure("time to answer (slowest 1 %)", "ms", Scale.RATIO, 0.15),
    "bytes": Measure("traffic", "B/s", Scale.RATIO, 0.2),
    "client_rtt": Measure("round trip seen by the client", "ms", Scale.RATIO, 0.15),
    "server_rtt": Measure("round trip seen by the server", "ms", Scale.RATIO, 0.15),
    "client_retransmits": Measure("sent again by the client", "%", Scale.SHARE, 0.002),
    "server_retransmits": Measure("sent again by the server", "%", Scale.SHARE, 0.002),
    "cpu": Measure("CPU in use", "%", Scale.SHARE, 0.04),
    "waiting": Measure("time in which work waited", "%", Scale.SHARE, 0.02),
    "throttled": Measure("throttled CPU periods", "%", Scale.SHARE, 0.03),
    "memory": Measure("memory limit in use", "%", Scale.SHARE, 0.04),
    "oom_kills": Measure("killed for want of memory", "/s", Scale.SHARE, 0.001),
    "alive": Measure("time with reports", "%", Scale.SHARE, 0.1),
}
TIMES = ("mean", "p50", "p95")
ROUND_TRIPS = ("client_rtt", "server_rtt")
RETRANSMITS = ("client_retransmits", "server_retransmits")
RESOURCES = ("cpu", "waiting", "throttled", "memory", "oom_kills")

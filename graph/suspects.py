"""Switches that are suspected: all their hosts fell silent at about the same time, while other hosts still report.

A host is judged by its last report, as for the alert on a silent host. Hosts that were silent long before the others
count for nothing: they have another reason. No fold can judge this, because each knows one host alone. So one query
does, for the live view and the alert.
"""

from typing import NamedTuple

from graph.links import switches
from graph.span import in_range
from graph.sql import defined, inside, select, within
from graph.titles import HOSTNAMES, called

TOGETHER_S = 120  # hosts that fell silent within so long of each other did so for one reason
LEAST_HOSTS = 2  # one host that is silent has reasons of its own
SILENT_S = 120  # after its last report a host is silent


class SuspectRow(NamedTuple):
    """A row of `suspects`: a switch by its node and its name, its hosts, and for how long all of them are silent."""

    node: str
    switch: str
    hosts: list[str]
    silent_seconds: float


def suspects() -> str:
    """Return how long no host of a switch has reported, behind the newest report of all hosts in [from, to), ms."""
    last = select(
        {"on_host": "host", "reported_to": "max(window + toIntervalMillisecond(width_ms))"},
        "host_usage",
        where=in_range("window"),
        group=("on_host",),
    )
    compared = select(["*", "max(reported_to) OVER () AS newest"], inside(last))
    at_switch = select(
        {
            "node": "concat('link:', at.switch)",
            "name": called("compared.on_host"),
            "reported_to": "compared.reported_to",
            "newest": "compared.newest",
            "latest": "max(compared.reported_to) OVER (PARTITION BY at.switch)",
        },
        f"{inside(compared)} AS compared",
        f"INNER JOIN {inside(switches())} AS at ON at.host = toString(compared.on_host)",
    )
    columns = {
        "node": "node",
        "switch": "if(hostnames[node] != '', hostnames[node], substring(node, length('link:') + 1))",
        "hosts": "arraySort(groupArray(name))",
        "silent_seconds": "toFloat64(dateDiff('second', max(reported_to), max(newest)))",
    }
    together = f"reported_to >= latest - INTERVAL {TOGETHER_S} SECOND"
    rows = select(columns, "at_switch", where=together, group=("node",))
    return within(
        [HOSTNAMES, *defined(at_switch=at_switch)],
        f"{rows}\nHAVING length(hosts) >= {LEAST_HOSTS}\nORDER BY node\nLIMIT 100",
    )

"""Host: what it is, how busy, what runs on it and how that fares, and what its agent sees and costs."""

from dashboards.grafana.dashboard import AGENTS, Row, changes, dashboard
from dashboards.grafana.discovered import facts_table
from dashboards.grafana.edges_table import edges_table
from dashboards.grafana.links import HOST, to_service
from dashboards.grafana.panels import Json, column, series, stats, table
from dashboards.grafana.signals import signals
from dashboards.grafana.used import PANELS, used_panel
from dashboards.grafana.variables import chosen
from dashboards.texts import hosts, names
from graph.panels import subjects
from schemas.raw import Heartbeat
from schemas.used import charts

KINDS = f"{AGENTS},edge_appeared,edge_vanished"


def build() -> Json:
    """Return the dashboard."""
    return dashboard(
        HOST,
        "Host",
        "What a host is, how busy it is, what runs on it, and what its agent sees and costs.",
        [
            Row(4, [_numbers()]),
            Row(10, [_about(), _missing(), _services()], widths=(7, 7, 10)),
            signals(subjects.HOST, "Traffic, errors and latency of what runs on it"),
            *_resources(),
            Row(10, [edges_table("Edges with an end on this host", service="")]),
            Row(8, [facts_table(service=""), _connected()]),
        ],
        variables=[chosen("host", "Host", names.hosts(), any="no")],
        annotations=[changes(KINDS, service="")],
    )


def _numbers() -> Json:
    columns = {
        "cpu": column("CPU, mean", "percentunit", red_from=0.9),
        "memory": column("Memory, now", "percentunit", red_from=0.9),
        "load": column("Load, now", "short"),
        "share": column("Reported part of the range", "percentunit", decimals=0),
        "agent_cpu": column("Agent's share of a CPU", "percentunit", decimals=2),
        "agent_memory": column("Agent's memory", "bytes"),
        "missing": column("Things it cannot see", "none", red_from=1),
    }
    return stats("In this range", hosts.now(), "Now is the end of the range.", columns)


def _about() -> Json:
    columns = {"what": column("Fact", width=120), "value": column("Value")}
    return table("What it is", hosts.about(), "By the host's own last word.", columns)


def _connected() -> Json:
    columns = {
        "interface": column("Interface", width=120),
        "neighbour": column("Switch"),
        "port": column("Port"),
        "description": column("Description"),
        "vlan": column("VLAN", width=80),
        "managed_at": column("Managed at"),
        "protocol": column("Protocol", width=80),
    }
    about = "The other ends of its cables, as they announce themselves (LLDP, CDP)."
    return table("Where it is connected", hosts.connected(), about, columns)


def _missing() -> Json:
    columns = {
        "host": column(hidden=True),
        "host_id": column(hidden=True),
        "what": column("What it cannot see"),
        "needs": column("What it would need, or why"),
    }
    about = "As of the agent's last heartbeat in the range; servicemap doctor on the host shows how to fix it."
    return table("What is missing", hosts.missing(), about, columns)


def _services() -> Json:
    columns = {
        "service": column("Service", links=[to_service()]),
        "processes": column("Processes", "none"),
        "cpus": column("CPUs", "short", decimals=3),
        "memory": column("Memory", "bytes"),
        "descriptors": column("Descriptors", "short"),
    }
    about = "Means of CPU over the range; memory and descriptors are the greatest of each process, summed."
    return table("Services", hosts.services(), about, columns)


def _resources() -> list[Row]:
    drawn = charts(Heartbeat)
    busy = series("CPU", hosts.cpu(), "percentunit", "The busy share of all CPUs.")
    panels = [busy, *(used_panel(title, facts, hosts.lines(facts)) for title, facts in drawn.items() if title != "CPU")]
    return [Row(8, panels[at : at + PANELS], "" if at else "Resources") for at in range(0, len(panels), PANELS)]

"""Service: what it is, its golden signals, and whom it depends on."""

from collections.abc import Sequence

from dashboards.grafana.dashboard import Row, changes, dashboard
from dashboards.grafana.discovered import facts_table
from dashboards.grafana.links import SERVICE, to_edge, to_host, to_service
from dashboards.grafana.panels import Json, column, series, stats, table
from dashboards.grafana.signals import COLUMNS, numbers, signals
from dashboards.grafana.units import CHARTED, about, judged, label_of, rate_of, unit_of
from dashboards.grafana.used import PANELS, stacked_panel, used_panel
from dashboards.grafana.variables import chosen
from dashboards.texts import names, processes
from graph.panels import service_lines, subjects, tables
from schemas.raw import Usage
from schemas.used import Over, Used, charts

KINDS = "edge_appeared,edge_vanished,process_started,process_exited"
_PEERS = {
    "peer": column("Peer", links=[to_edge()]),
    "service": column("Its service", links=[to_service()]),
    "port": column("Port", width=80),
    "protocol": column("Protocol", width=90),
    **COLUMNS,
    "connections": column("Opened", rate_of("opened")),
    "open": column("Open", "short", decimals=1),
    "failures": column("Failed", "short", red_from=1),
    "asked": column("To the server", rate_of("sent_bytes")),
    "answered": column("To the client", rate_of("received_bytes")),
    **judged(),
    "rtt": column("RTT, worst", unit_of("rtt_us")),
    "client_id": column(hidden=True),
    "server_id": column(hidden=True),
}


def build() -> Json:
    """Return the dashboard."""
    return dashboard(
        SERVICE,
        "Service",
        "What a service is, how it fares, who calls it and whom it calls.",
        [
            Row(4, [numbers(tables.asked()), _numbers()], widths=(8, 16)),
            Row(7, [_about()]),
            signals(subjects.SERVICE, "Traffic, errors and latency"),
            *_connections(),
            *_saturation(),
            *_dependencies(),
            Row(8, [facts_table()]),
        ],
        variables=[
            chosen("service", "Service", names.services(), any="no"),
            chosen("host", "Host", names.hosts(), any="yes"),
        ],
        annotations=[changes(KINDS)],
    )


def _numbers() -> Json:
    columns = {
        "taken": column("Connections from clients", "cps"),
        "made": column("Connections to servers", "cps"),
        "served": column("Traffic with clients", "binBps"),
        "called": column("Traffic with servers", "binBps"),
        "failed_share": column("Connects that fail", "percentunit", red_from=0.01),
        "rtt": column("RTT to clients", unit_of("rtt_us")),
        "processes": column("Processes", "short"),
        "hosts": column("Hosts", "short"),
    }
    about = "Means over the range; the round-trip time is the median."
    return stats("Connections in this range", tables.now(), about, columns)


def _about() -> Json:
    columns = {
        "host": column("Host", links=[to_host()]),
        "host_id": column(hidden=True),
        "program": column("Program"),
        "user": column("User"),
        "unit": column("systemd unit"),
        "namespace": column("Namespace or project"),
        "pod": column("Pod"),
        "container": column("Container"),
        "image": column("Image"),
        "executable": column("Executable"),
        "processes": column("Processes", width=100),
        "oldest": column("Oldest began"),
        "youngest": column("Youngest began"),
    }
    about = "Its processes by program, place and owner, as reported in this range and the two hours before it."
    return table("What it is", processes.about(), about, columns)


def _connections() -> list[Row]:
    rates = "Rates; a point without rows is 0."
    carried, opened = rate_of("sent_bytes"), rate_of("opened")
    held, rtt = unit_of("opened"), unit_of("rtt_us")
    return [
        Row(
            8,
            [
                series("Bytes", service_lines.traffic(), carried, f"Payload with those it talks to. {rates}"),
                series(
                    "Connections",
                    service_lines.connections(),
                    opened,
                    f"Connections that were opened. {rates}",
                ),
                series("Open connections", service_lines.open_connections(), held, "The mean of each point."),
            ],
            "Connections",
        ),
        Row(
            8,
            [
                *(series(label_of(name), service_lines.counted(name), rate_of(name), about(name)) for name in CHARTED),
                series(
                    "Round-trip time",
                    service_lines.round_trips(),
                    rtt,
                    "As the service's host measured it.",
                ),
            ],
        ),
    ]


def _saturation() -> list[Row]:
    panels = [panel for title, facts in charts(Usage).items() for panel in _used(title, facts)]
    rows = [Row(8, panels[at : at + PANELS], "" if at else "Saturation") for at in range(0, len(panels), PANELS)]
    return [*rows, Row(8, [_processes()])]


def _used(title: str, facts: Sequence[Used]) -> list[Json]:
    """Return the charts of what the processes of a service use. What they have in common has one, else each fact."""
    if facts[0].over is Over.ONCE:
        return [used_panel(title, facts, processes.shared(facts))]
    if facts[0].over is Over.GROUPS:
        return [used_panel(fact.chart, [fact], processes.of_groups(fact)) for fact in facts]
    return [stacked_panel(fact, processes.counted(fact) if fact.counts else processes.held(fact)) for fact in facts]


def _processes() -> Json:
    columns = {
        "host": column("Host", links=[to_host()]),
        "host_id": column(hidden=True),
        "pid": column("PID", "none", width=90),
        "program": column("Program"),
        "user": column("User"),
        "started": column("Started"),
        "cpus": column("CPUs", "short", decimals=3),
        "memory": column("Memory", "bytes"),
        "descriptors": column("Descriptors", "none"),
        "threads": column("Threads", "none"),
        "command": column("Command line"),
    }
    about = "Processes that used anything in this range; memory and descriptors are the greatest of it."
    return table("Processes", processes.used(), about, columns)


def _dependencies() -> list[Row]:
    rates = "Means over the range; nothing stands where no requests are seen. A click on a peer opens its edge."
    peers = tables.peers()
    callers, called = f"Edges to this service. {rates}", f"Edges from this service. {rates}"
    return [
        Row(
            10,
            [
                table("Clients: who calls it", peers, callers, _PEERS, role="clients", level="service"),
                table("Servers: whom it calls", peers, called, _PEERS, role="servers", level="service"),
            ],
            "Dependencies",
        )
    ]

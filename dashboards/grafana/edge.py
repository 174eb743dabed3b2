"""Edge: one line of the map over time, as both of its sides report it, and where they disagree."""

from dashboards.grafana.dashboard import Row, changes, dashboard
from dashboards.grafana.links import EDGE
from dashboards.grafana.panels import Json, column, series, table
from dashboards.grafana.signals import COLUMNS, signals
from dashboards.grafana.units import CHARTED, about, judged, label_of, rate_of, unit_of
from dashboards.grafana.variables import chosen, listed, written
from graph.levels import LEVELS
from graph.panels import edge_lines, subjects, tables, variables


def build() -> Json:
    """Return the dashboard."""
    ends = "Ids of nodes at the level, as the map's links set them: service:nginx, host:…, address:192.0.2.7."
    return dashboard(
        EDGE,
        "Edge",
        "One line of the map over time, as both of its sides report it.",
        [Row(5, [_about()]), signals(subjects.EDGE), *_connections(), Row(9, [_processes()])],
        variables=[
            listed("level", "Level", dict(zip(LEVELS, LEVELS, strict=True))),
            chosen("client", "Client", variables.clients()),
            chosen("server", "Server", variables.servers()),
            written("port", "Port", f"A port of the server; empty for any. {ends}"),
        ],
        annotations=[changes("host_silent,agent_started", service="", host="")],
    )


def _about() -> Json:
    columns = {
        "client_name": column("Client"),
        "server_name": column("Server"),
        "on_port": column("Port", width=80),
        "protocol": column("Protocol", width=90),
        "known_by": column("Server known by"),
        "seen_by": column("Seen by"),
        "clients": column("Client processes", "none"),
        "servers": column("Server processes", "none"),
        **COLUMNS,
        "requests": column("Requests", "short"),
        "connections": column("Connections opened", unit_of("opened")),
        "failures": column("Failed", "short", red_from=1),
        "asked": column("To the server", unit_of("sent_bytes")),
        "answered": column("To the client", unit_of("received_bytes")),
        "first": column("First point"),
        "last": column("Last point"),
    }
    about = (
        "Sums over the range. The server is the end that listens, else the one that was connected to. "
        "Of requests there is nothing where none are seen."
    )
    return table("What it is", tables.about(), about, columns)


def _connections() -> list[Row]:
    apart = "The difference of both sides' byte counts, as a share of the greater; of connections that both sides saw."
    carried, opened = rate_of("sent_bytes"), rate_of("opened")
    held, rtt = unit_of("opened"), unit_of("rtt_us")
    return [
        Row(
            8,
            [
                series("Bytes", edge_lines.payload(), carried, "Payload, as each side counts it. Rates."),
                series("Where the sides disagree", edge_lines.disagreement(), "percentunit", apart),
            ],
        ),
        Row(
            8,
            [
                series("Connections", edge_lines.connections(), opened, "Connections opened and closed. Rates."),
                series("Open connections", edge_lines.open_connections(), held, "The mean of each point."),
            ],
        ),
        Row(
            8,
            [
                *(series(label_of(name), edge_lines.counted(name), rate_of(name), about(name)) for name in CHARTED),
                series("Round-trip time", edge_lines.round_trips(), rtt, "As each side's kernel measured it."),
            ],
        ),
    ]


def _processes() -> Json:
    columns = {
        "client_process": column("Client process"),
        "client_on": column("on"),
        "server_process": column("Server process"),
        "server_on": column("on"),
        "on_port": column("Port", width=80),
        **COLUMNS,
        "connections": column("Opened", rate_of("opened")),
        "failures": column("Failed", "short", red_from=1),
        "asked": column("To the server", rate_of("sent_bytes")),
        "answered": column("To the client", rate_of("received_bytes")),
        **judged(),
        "rtt": column("RTT, worst", unit_of("rtt_us")),
    }
    about = "The pairs of processes that the edge is made of. Means; of requests there is nothing where none are seen."
    return table("Processes", tables.processes(), about, columns)

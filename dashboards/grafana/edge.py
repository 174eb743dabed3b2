"""Edge: one line of the map over time, as both of its sides tell it, and where they disagree."""

from dashboards.grafana.dashboard import Row, changes, dashboard
from dashboards.grafana.links import EDGE
from dashboards.grafana.panels import Json, column, series, table
from dashboards.grafana.signals import COLUMNS, signals
from dashboards.grafana.variables import chosen, listed, written

LEVELS = {"service": "service", "process": "process", "container": "container", "host": "host", "address": "address"}


def build() -> Json:
    """Return the dashboard."""
    ends = "Ids of nodes at the level, as the map's links set them: service:nginx, host:…, address:192.0.2.7."
    return dashboard(
        EDGE,
        "Edge",
        "One line of the map over time, as both of its sides tell it.",
        [Row(5, [_about()]), signals("edge"), *_connections(), Row(9, [_processes()])],
        variables=[
            listed("level", "Level", LEVELS),
            chosen("client", "Client", "var_clients"),
            chosen("server", "Server", "var_servers"),
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
        "requests": column("HTTP requests", "short"),
        "connections": column("Connections opened", "short"),
        "failures": column("Failed", "short", red_from=1),
        "asked": column("To the server", "bytes"),
        "answered": column("To the client", "bytes"),
        "first": column("First point"),
        "last": column("Last point"),
    }
    about = (
        "Sums over the range. The server is the end that listens, else the one that was connected to. "
        "Of HTTP there is nothing where none is seen."
    )
    return table("What it is", "edge_about", about, columns)


def _connections() -> list[Row]:
    again = "Segments that each side sent a second time: loss on the way, or a peer too busy to acknowledge."
    apart = "The difference of both sides' byte counts, as a share of the greater; of connections that both sides saw."
    return [
        Row(
            8,
            [
                series("Bytes", "edge_bytes", "binBps", "Payload, as each side counts it. Rates."),
                series("Where the sides disagree", "edge_disagreement", "percentunit", apart),
            ],
        ),
        Row(
            8,
            [
                series("Connections", "edge_connections", "cps", "Connections opened and closed. Rates."),
                series("Open connections", "edge_open", "short", "The mean of each point."),
            ],
        ),
        Row(
            8,
            [
                series("Retransmits", "edge_retransmits", "cps", again),
                series("Round-trip time", "edge_rtt", "µs", "As each side's kernel measured it."),
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
        "connections": column("Opened", "cps"),
        "failures": column("Failed", "short", red_from=1),
        "asked": column("To the server", "binBps"),
        "answered": column("To the client", "binBps"),
        "again": column("Sent again", "short"),
        "rtt": column("RTT, worst", "µs"),
    }
    about = "The pairs of processes that the edge is made of. Means; of HTTP there is nothing where none is seen."
    return table("Processes", "edge_processes", about, columns)

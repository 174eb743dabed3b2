"""Service: what it is, its golden signals, and whom it depends on."""

from dashboards.grafana.dashboard import Row, changes, dashboard
from dashboards.grafana.links import SERVICE, to_edge, to_host, to_service
from dashboards.grafana.panels import Json, column, series, stats, table
from dashboards.grafana.variables import chosen

KINDS = "edge_appeared,edge_vanished,process_started,process_exited"
HTTP = "Plain HTTP/1 of monitored hosts: servicemap has no eyes in TLS."
_PEERS = {
    "peer": column("Peer", links=[to_edge()]),
    "service": column("Its service", links=[to_service()]),
    "port": column("Port", width=80),
    "protocol": column("Protocol", width=90),
    "connections": column("Opened", "cps"),
    "open": column("Open", "short", decimals=1),
    "failures": column("Failed", "short", red_from=1),
    "asked": column("To the server", "binBps"),
    "answered": column("To the client", "binBps"),
    "again": column("Sent again", "short"),
    "rtt": column("RTT, worst", "µs"),
    "client_id": column(hidden=True),
    "server_id": column(hidden=True),
}


def build() -> Json:
    """Return the dashboard."""
    return dashboard(
        SERVICE,
        "Service",
        "What a service is, how it fares, who calls it and whom it calls.",
        [Row(4, [_numbers()]), Row(7, [_about()]), *_signals(), *_saturation(), *_dependencies()],
        variables=[
            chosen("service", "Service", "var_services", any="no"),
            chosen("host", "Host", "var_hosts", any="yes"),
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
        "rtt": column("RTT to clients", "µs"),
        "processes": column("Processes", "short"),
        "hosts": column("Hosts", "short"),
    }
    return stats("In this range", "service_now", "Means over the range; the round-trip time is the median.", columns)


def _about() -> Json:
    columns = {
        "host": column("Host", links=[to_host()]),
        "host_id": column(hidden=True),
        "program": column("Program"),
        "user": column("User"),
        "unit": column("systemd unit"),
        "container": column("Container"),
        "executable": column("Executable"),
        "processes": column("Processes", width=100),
        "oldest": column("Oldest began"),
        "youngest": column("Youngest began"),
    }
    about = "Its processes by program, place and owner, as told in this range and the two hours before it."
    return table("What it is", "service_about", about, columns)


def _signals() -> list[Row]:
    rates = "Rates; a point without rows is 0."
    return [
        Row(
            8,
            [
                series("Traffic", "service_traffic", "binBps", f"Payload with those it talks to. {rates}"),
                series("Connections", "service_connections", "cps", f"Connections that were opened. {rates}"),
                series("Open connections", "service_open", "short", "The mean of each point."),
            ],
            "Traffic",
        ),
        Row(
            8,
            [
                series("Errors", "service_errors", "cps", f"Failed connects, and segments sent twice. {rates}"),
                series("Round-trip time", "service_rtt", "µs", "As the kernel of the service's host measured it."),
            ],
            "Errors and latency",
        ),
        Row(
            8,
            [
                series("HTTP requests", "service_requests", "reqps", f"By class of status. {HTTP}", stacked=True),
                series("Time to answer", "service_latency", "ms", f"Within 1 %. {HTTP}"),
            ],
        ),
    ]


def _saturation() -> list[Row]:
    greatest = "Of each process the greatest of each point, summed. Points are a minute at least."
    return [
        Row(
            8,
            [
                series("CPU", "service_cpu", "short", "CPUs that its processes kept busy.", stacked=True),
                series("Memory", "service_memory", "bytes", greatest, stacked=True, finest="1m"),
                series("File descriptors", "service_fds", "short", greatest, stacked=True, finest="1m"),
            ],
            "Saturation",
        ),
        Row(8, [_processes()]),
    ]


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
    return table("Processes", "service_processes", about, columns)


def _dependencies() -> list[Row]:
    callers = "Edges to this service. Rates are means over the range; a click on a peer opens the edge."
    called = "Edges from this service. Rates are means over the range; a click on a peer opens the edge."
    return [
        Row(
            10,
            [
                table("Clients: who calls it", "service_peers", callers, _PEERS, role="clients", level="service"),
                table("Servers: whom it calls", "service_peers", called, _PEERS, role="servers", level="service"),
            ],
            "Dependencies",
        )
    ]

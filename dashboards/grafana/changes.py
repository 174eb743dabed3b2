"""Changes: what is new, what is gone, what differs from an earlier range, and who is silent."""

from dashboards.grafana.dashboard import AGENTS, Row, changes, dashboard
from dashboards.grafana.links import CHANGES, to_edge, to_host, to_service
from dashboards.grafana.panels import Json, column, series, table
from dashboards.grafana.units import rate_of
from dashboards.grafana.variables import chosen, listed
from dashboards.texts import events, names
from graph.panels.differences import differences
from schemas.health import BAD_SHARE

EDGES = "edge_appeared,edge_vanished"
PROCESSES = "process_started,process_exited"
EARLIER = {  # s
    "86400": "a day before",
    "0": "the range just before",
    "3600": "an hour before",
    "604800": "a week before",
}


def build() -> Json:
    """Return the dashboard."""
    counts = events.counts()
    every_kind = "Events of each point. A kind that never happened in the range has no line."
    return dashboard(
        CHANGES,
        "Changes",
        "New and vanished edges, processes that start and exit, hosts that fall silent.",
        [
            Row(
                8,
                [series("Events", counts, "short", every_kind, bars=True), _silent()],
                widths=(15, 9),
            ),
            Row(
                12,
                [
                    _events(
                        "Edges that came and went", EDGES, "An edge has vanished after a minute without a connection."
                    ),
                    _events("Processes that started and exited", PROCESSES, "Latest first, 500 at most."),
                ],
            ),
            Row(12, [_differences()]),
            Row(10, [_events("Everything", "", "Agents that started and silences too. Latest first, 500 at most.")]),
        ],
        variables=[
            chosen("service", "Service", names.services(), any="yes"),
            chosen("host", "Host", names.hosts(), any="yes"),
            listed("earlier", "Compared with", EARLIER),
        ],
        annotations=[changes(AGENTS)],
        since="now-3h",
    )


def _silent() -> Json:
    columns = {
        "host": column("Host", links=[to_host()]),
        "host_id": column(hidden=True),
        "reported": column("Last report"),
        "silent": column("Silent for", "s", red_from=60),
    }
    about = "Hosts of the day before the range's end that reported nothing more. None is best."
    return table("Silent hosts", events.silent(), about, columns)


def _differences() -> Json:
    columns = {
        "change": column("Change", width=100),
        "client_name": column("Client", links=[to_edge()]),
        "server_name": column("Server", links=[to_edge()]),
        "port": column("Port", width=80),
        "requests_before": column("Requests, then", "reqps"),
        "requests_after": column("now", "reqps"),
        "connections_before": column("New connections, then", rate_of("opened")),
        "connections_after": column("now", rate_of("opened")),
        "traffic_before": column("Traffic, then", rate_of("sent_bytes")),
        "traffic_after": column("now", rate_of("sent_bytes")),
        "errors_before": column("Errors, then", "percentunit"),
        "errors_after": column("now", "percentunit", red_from=BAD_SHARE),
        "slowest_before": column("99 % within, then", "ms"),
        "slowest_after": column("now", "ms"),
        "client_id": column(hidden=True),
        "server_id": column(hidden=True),
    }
    about = (
        "Edges between services that appeared, vanished or changed since the earlier range, which is as long as that "
        "of the dashboard. Read from whole minutes, or hours where it is longer than six. What is usual for an edge is "
        "not looked at here: servicemap diff does that, and names what may explain a change."
    )
    return table("Differences from an earlier range", differences(), about, columns)


def _events(title: str, kinds: str, about: str) -> Json:
    columns = {
        "time": column("Time", width=180),
        "kind": column("Kind", width=140),
        "what": column("What happened"),
        "host": column("Host", links=[to_host()]),
        "host_id": column(hidden=True),
        "service": column("Service", links=[to_service()]),
        "subject": column(hidden=True),
        "object": column(hidden=True),
    }
    return table(title, events.events(), about, columns, kinds=kinds)

"""Changes: what is new, what is gone, and who is silent."""

from dashboards.grafana.dashboard import AGENTS, Row, changes, dashboard
from dashboards.grafana.links import CHANGES, to_host, to_service
from dashboards.grafana.panels import Json, column, series, table
from dashboards.grafana.variables import chosen
from dashboards.texts import events, names

EDGES = "edge_appeared,edge_vanished"
PROCESSES = "process_started,process_exited"


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
            Row(10, [_events("Everything", "", "Agents that started and silences too. Latest first, 500 at most.")]),
        ],
        variables=[
            chosen("service", "Service", names.services(), any="yes"),
            chosen("host", "Host", names.hosts(), any="yes"),
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

"""The table of edges that the map and a host share."""

from dashboards.grafana.links import to_edge
from dashboards.grafana.panels import Json, column, table
from dashboards.grafana.signals import COLUMNS
from dashboards.grafana.units import judged, rate_of, unit_of
from graph.panels import tables


def edges_table(title: str, **fixed: str) -> Json:
    """Return the edges between services that carried most, of the dashboard's service and host."""
    columns = {
        "client_name": column("Client", links=[to_edge()]),
        "server_name": column("Server", links=[to_edge()]),
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
    about = (
        "Between services, most bytes first. Rates are means over the range; a click opens the edge. "
        "Of an edge without requests that are seen, connections and round trips show how it fares."
    )
    return table(title, tables.top(), about, columns, level="service", **fixed)

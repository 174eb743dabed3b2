"""Service map: who talks to whom. A click leads on to a service, a host or an edge, or looks closer here."""

from dashboards.grafana.dashboard import Row, changes, dashboard
from dashboards.grafana.edges_table import edges_table
from dashboards.grafana.links import EDGE, HOST, MAP, SERVICE, link, this
from dashboards.grafana.panels import Json, node_graph
from dashboards.grafana.variables import chosen, listed, written
from dashboards.texts import names
from graph.levels import LEVELS

HOPS = {"1": "1", "2": "2", "3": "3"}
HERE = {"level": "${level:percentencode}", "host": "${host:percentencode}", "service": "${service:percentencode}"}


def build() -> Json:
    """Return the dashboard."""
    return dashboard(
        MAP,
        "Service map",
        "Who talks to whom in this range.",
        [Row(20, [_map()]), Row(10, [edges_table("Edges")])],
        variables=[
            listed("level", "Level", dict(zip(LEVELS, LEVELS, strict=True))),
            chosen("host", "Host", names.hosts(), any="yes"),
            chosen("service", "Service", names.services(), any="yes"),
            written("focus", "Focus", "Id of a node: only what is within some hops of it. Empty for the whole map."),
            listed("hops", "Hops", HOPS),
        ],
        annotations=[changes("edge_appeared,edge_vanished,host_silent")],
        since="now-15m",
    )


def _map() -> Json:
    about = (
        "A circle's red is the share of its connections that failed, or of its requests that were answered by an error "
        "or never, whichever is greater; an edge is red for the same, and as thick as its traffic. Click for details."
    )
    nodes = [
        link("Look closer/Around this, 1 hop", MAP, **HERE, focus=this("id"), hops="1"),
        link("Look closer/Around this, 2 hops", MAP, **HERE, focus=this("id"), hops="2"),
        link("Look closer/The whole map", MAP, **HERE, focus=""),
        link("Drill down/Service", SERVICE, service=this("detail__service")),
        link("Drill down/Host", HOST, host=this("detail__host_id")),
    ]
    ends = {"client": this("source"), "server": this("target")}
    edges = [link("Drill down/Edge", EDGE, level=HERE["level"], **ends, port="")]
    return node_graph("Service map", about, nodes, edges, {"arc__ok": "green", "arc__failed": "red"})

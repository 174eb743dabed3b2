"""What graphs say of nodes and edges, with types: declared once for every format of graphs."""

from collections.abc import Callable
from typing import NamedTuple

from simulation.history import Arc, Vertex


class OfNode(NamedTuple):
    """An attribute of nodes, a text."""

    name: str
    of: Callable[[Vertex], str]


class OfEdge(NamedTuple):
    """An attribute of edges; its type is a word of XML Schema that GraphML and GEXF share."""

    name: str
    of: Callable[[Arc], str | int]
    type: str = "long"


NODE = (
    OfNode("service", lambda vertex: vertex.instance.service.name),
    OfNode("program", lambda vertex: vertex.instance.service.program.name),
    OfNode("host", lambda vertex: vertex.instance.host.name),
    OfNode("address", lambda vertex: vertex.instance.address),
    OfNode("region", lambda vertex: vertex.instance.host.region),
    OfNode("zone", lambda vertex: vertex.instance.host.zone),
)
EDGE = (
    OfEdge("transport", lambda arc: arc.pair.transport, "string"),
    OfEdge("port", lambda arc: arc.pair.port),
    OfEdge("connections_opened", lambda arc: arc.carried.opened),
    OfEdge("connections_failed", lambda arc: arc.carried.failed),
    OfEdge("bytes", lambda arc: arc.carried.to_server_bytes + arc.carried.to_client_bytes),
    OfEdge("requests", lambda arc: arc.carried.requests),
    OfEdge("errors", lambda arc: arc.carried.errors + arc.carried.unanswered),
)

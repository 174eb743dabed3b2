"""A map as a graph for algorithms: one arrow from each client to each of its servers.

Load balancers, proxies and queues may be drawn through: their clients then have arrows to what stands behind them.
"""

from dataclasses import dataclass
from typing import TypeAlias

from graph import counters
from graph.lazily import nx
from graph.model import Edge, Node, ServiceMap
from graph.proxies import PROXIES, SPREADERS

INTERMEDIARIES = PROXIES | SPREADERS | {"rabbitmq-server", "nats-server", "mosquitto"}
"""Programs that pass on what they are asked. One of them is an intermediary only where it has a client and a server."""


@dataclass(frozen=True, slots=True)
class Arrow:
    """All edges from a client to a server, and the intermediaries that they were drawn through."""

    client: str
    server: str
    edges: tuple[Edge, ...]
    through: tuple[str, ...] = ()

    @property
    def requests(self) -> int:
        """Return the requests, where any are seen."""
        return sum(edge.requests or 0 for edge in self.edges)

    @property
    def connections(self) -> int:
        """Return the connections that were there in the range: those that are open, and those that ended."""
        return sum(edge.connections_active + edge.connections_closed for edge in self.edges)

    @property
    def bytes(self) -> int:
        """Return the bytes both ways."""
        return sum(counters.to_server(edge.counters) + counters.to_client(edge.counters) for edge in self.edges)

    @property
    def ports(self) -> tuple[str, ...]:
        """Return the ports of the server, with transports: tcp/5432."""
        return tuple(dict.fromkeys(edge.port for edge in self.edges))

    def weight(self) -> tuple[int, int, int]:
        """Return how much an arrow carries, to compare it with others."""
        return self.requests, self.connections, self.bytes


Wiring: TypeAlias = "nx.DiGraph[str]"  # of nodes by their ids; each of its edges has its `arrow`


def wired(of: ServiceMap, *, collapse: bool = False) -> Wiring:
    """Return the arrows of a map; with `collapse` intermediaries are drawn through, and are no nodes.

    What asks itself has no arrow. The order is that of ids, so that equal maps have equal answers.
    """
    wiring: Wiring = nx.DiGraph()
    wiring.add_nodes_from(sorted(node.id for node in of.nodes))
    between: dict[tuple[str, str], list[Edge]] = {}
    for edge in of.edges:
        if edge.client != edge.server:
            between.setdefault((edge.client, edge.server), []).append(edge)
    for (client, server), edges in sorted(between.items()):
        wiring.add_edge(client, server, arrow=Arrow(client, server, tuple(edges)))
    if collapse:
        for node in intermediaries(wiring, of):
            _draw_through(wiring, node)
    return wiring


def arrow(wiring: Wiring, client: str, server: str) -> Arrow:
    """Return the arrow from a client to a server."""
    found: Arrow = wiring.edges[client, server]["arrow"]
    return found


def intermediaries(wiring: Wiring, of: ServiceMap) -> list[str]:
    """Return the nodes that pass on what they are asked."""
    return [
        node.id
        for node in of.nodes
        if _program(node) in INTERMEDIARIES and wiring.in_degree(node.id) and wiring.out_degree(node.id)
    ]


def _program(node: Node) -> str:
    return node.name or node.exe.rpartition("/")[2] or node.service.rpartition("/")[2]


def _draw_through(wiring: Wiring, node: str) -> None:
    """Connect the clients of a node with its servers, and take it away."""
    for client in sorted(wiring.predecessors(node)):
        for server in sorted(wiring.successors(node)):
            if client != server and not wiring.has_edge(client, server):
                to, onward = arrow(wiring, client, node), arrow(wiring, node, server)
                through = (*to.through, node, *onward.through)
                wiring.add_edge(client, server, arrow=Arrow(client, server, (*to.edges, *onward.edges), through))
    wiring.remove_node(node)

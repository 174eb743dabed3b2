"""An instance: what is one server for a cluster, whatever its processes are."""

from dataclasses import dataclass, field

from graph.clustering.data_stores import DataStore
from graph.model import Edge, Node

Port = tuple[str, int]  # transport and number
Spoken = dict[Port, set[str]]  # the protocols that a server speaks, by port


@dataclass(eq=False)
class Instance:
    """A server, of a known store or of none. `nodes` are its processes, by id."""

    nodes: list[Node]
    store: DataStore | None = None
    by_program: bool = False  # so its store is known, and not by a protocol or a port alone
    clients: dict[Port, set[str]] = field(default_factory=dict)  # ids of nodes, by the port that they use

    @property
    def node(self) -> Node:
        """Return its first node."""
        return self.nodes[0]

    @property
    def id(self) -> str:
        """Return the id of its first node."""
        return self.node.id

    @property
    def port(self) -> int:
        """Return the port that most clients use; 0 without any."""
        ports = [(len(clients), -number) for (_, number), clients in self.clients.items()]
        return -max(ports)[1] if ports else 0

    @property
    def stranger(self) -> bool:
        """Return whether no agent sees its process."""
        return self.node.kind != "process"


def port_of(edge: Edge) -> Port:
    """Return the server's port of an edge."""
    return edge.transport, edge.server_port

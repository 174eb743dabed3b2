"""A map as filters look at it: with what is known beside its nodes and edges."""

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

from graph.health import Health, softened, worst
from graph.infrastructure import Infrastructure, infrastructure
from graph.levels import values_of
from graph.model import Edge, Node, ServiceMap
from graph.node_texts import Labels, labelled
from graph.requests import Key, key


class Seen:
    """A judged map; `labels` are those of hosts, and `fresh` the edges that are new, by how old they may be."""

    def __init__(
        self,
        of: ServiceMap,
        labels: Labels = MappingProxyType({}),
        fresh: Mapping[str, Collection[Key]] = MappingProxyType({}),
    ) -> None:
        self.map = of
        self.nodes = {node.id: node for node in of.nodes}
        self.labels = labels
        self.fresh = fresh
        self._health = _health(of)
        self._infrastructure: Infrastructure | None = None

    def client(self, edge: Edge) -> Node:
        """Return the client of an edge."""
        return self.nodes[edge.client]

    def server(self, edge: Edge) -> Node:
        """Return the server of an edge."""
        return self.nodes[edge.server]

    def health(self, node: Node) -> Health:
        """Return the health of a node: the worst of its own, of what it serves, and of what it uses."""
        return self._health[node.id]

    def infra(self, one: Node | Edge) -> str:
        """Return which kind of infrastructure a node or an edge is, "" for none."""
        if self._infrastructure is None:
            self._infrastructure = infrastructure(self.map)
        found = self._infrastructure
        return found.nodes.get(one.id, "") if isinstance(one, Node) else found.edges.get(key(one), "")

    def place(self, node: Node, label: str) -> Sequence[str]:
        """Return the zones or regions of a node, by the label for them; such a node is its own."""
        own = values_of(node.id).get(label, "")
        return [own] if own else list(dict.fromkeys(labelled(node, self.labels, label)))


def _health(of: ServiceMap) -> dict[str, Health]:
    found = {node.id: node.health for node in of.nodes}
    for edge in of.edges:
        if edge.health != "ok":
            found[edge.server] = worst(found[edge.server], edge.health)
            found[edge.client] = worst(found[edge.client], softened(edge.health))
    return found

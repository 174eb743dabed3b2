"""The texts in which words of a filter are found."""

from graph.filters.seen import Seen
from graph.model import Edge, Node

_NODE = (
    "title", "hostname", "service", "name", "user", "cmdline", "container", "container_name", "namespace", "pod",
    "image", "unit", "address", "kind",
)  # fmt: skip


def of_node(node: Node, seen: Seen) -> str:
    """Return what is known of a node, in lower case."""
    own = [getattr(node, name) for name in _NODE]
    return " ".join(
        [*own, *node.names, *node.hosts, *seen.place(node, "region"), *seen.place(node, "zone"), seen.health(node)]
    ).casefold()


def of_edge(edge: Edge) -> str:
    """Return what is known of an edge itself, in lower case."""
    own = (f":{edge.server_port}", edge.port, edge.protocol, edge.tls_name, edge.alias, edge.health)
    return " ".join(own).casefold()

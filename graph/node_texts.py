"""What nodes are known by, field by field: for selectors (graph/selectors.py) and filters (graph/filters/)."""

from collections.abc import Callable, Mapping, Sequence

from graph.model import Node

Texts = Sequence[str]
Labels = Mapping[str, Mapping[str, str]]  # of hosts, by their ids and by their names

NODE_TEXTS: dict[str, Callable[[Node], Texts]] = {
    "id": lambda node: [node.id],
    "level": lambda node: [node.kind],
    "service": lambda node: [node.service],
    "host": lambda node: hosts(node),
    "container": lambda node: [node.container, node.container_name],
    "namespace": lambda node: [node.namespace],
    "pod": lambda node: [node.pod],
    "program": lambda node: [node.name],
    "address": lambda node: [node.address],
    "title": lambda node: [node.title, *node.names],
    "image": lambda node: [node.image],
    "user": lambda node: [node.user],
}


def hosts(node: Node) -> list[str]:
    """Return the hosts of a node, by their ids and names."""
    return [host for host in (node.host, node.hostname, *node.hosts) if host]


def labelled(node: Node, labels: Labels, name: str) -> list[str]:
    """Return the values of a label: a node of several hosts has those of each."""
    return [labels[host][name] for host in hosts(node) if name in labels.get(host, {})]

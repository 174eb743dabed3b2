"""The node that somebody means: by its id, its title, its service or its host."""

from collections.abc import Iterable, Mapping

from graph.model import Node, ServiceMap


def called(of: ServiceMap, titles: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the nodes that each name may mean. `titles` are what people are shown of nodes."""
    found: dict[str, list[str]] = {}
    for node in of.nodes:
        for name in dict.fromkeys(_names(node, titles[node.id])):
            found.setdefault(name, []).append(node.id)
    return found


def _names(node: Node, title: str) -> Iterable[str]:
    names = (node.id, title, node.title, node.service, node.container_name, node.pod, node.address, *node.names)
    yield from filter(None, names)
    if node.kind == "host":
        yield from filter(None, (node.host, node.hostname))

"""The nodes of a map: each end of an edge once, described by the edges and by the processes."""

from collections.abc import Iterator

from graph.levels import KNOWN, node_of
from graph.model import Node
from graph.titles import title_of
from schemas.ids import parse_process


class Nodes:
    """The nodes of a map, by id."""

    def __init__(self, hostnames: dict[str, str]) -> None:
        self._hostnames = hostnames
        self._nodes: dict[str, Node] = {}

    def add(self, node_id: str, hosts: list[str], service: str, name: str, container: str) -> None:
        """Add an end of an edge, as the edge describes it."""
        known = self._nodes.get(node_id)
        if known is None:
            known = self._nodes[node_id] = self._new(node_id, hosts, service, name, container)
        if known.kind == "service":
            known.hosts = sorted({*known.hosts, *map(self._hostname, hosts)})

    def add_process(self, process: Node, level: str) -> None:
        """Add a process, or the node of the level that it belongs to."""
        process.hostname = process.hostname or self._hostname(process.host)
        node = node_of(level, process.id, {name: getattr(process, name) for name in KNOWN})
        if node != process.id:
            self.add(node, [process.host], process.service, process.name, process.container)
        elif level != "address":
            self._nodes[node] = process

    def process_ids(self) -> Iterator[str]:
        """Yield the ids of the processes."""
        return (node.id for node in self._nodes.values() if node.kind == "process")

    def in_order(self) -> list[Node]:
        """Return the nodes by id."""
        return [self._nodes[node_id] for node_id in sorted(self._nodes)]

    def _hostname(self, host: str) -> str:
        return self._hostnames.get(host) or host

    def _new(self, node_id: str, hosts: list[str], service: str, name: str, container: str) -> Node:
        kind, _, rest = node_id.partition(":")
        title = title_of(node_id, self._hostname, service, name, container)
        if kind == "service":
            return Node(id=node_id, kind=kind, title=title, service=service)
        if kind == "address":
            scope, _, address = rest.rpartition("@")
            host = scope.partition("/")[0]
            hostname = self._hostname(host) if host else ""
            return Node(id=node_id, kind=kind, title=title, address=address, scope=scope, host=host, hostname=hostname)
        host = next(iter(hosts), rest.partition(":")[0])
        node = Node(id=node_id, kind=kind, title=title, host=host, hostname=self._hostname(host))
        if kind == "container":
            node.container, node.service = container, service
        if kind == "process":
            node.pid, node.service, node.name, node.container = parse_process(node_id).pid, service, name, container
        return node

"""The nodes of a map: each end of an edge once, described by the edges and by the processes."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from graph.address_names import Names
from graph.health import judgement, node_faults, share
from graph.levels import KNOWN, everywhere, node_of, values_of
from graph.model import Node
from graph.of_hosts import OF_HOST
from graph.pressure import PressureRow
from graph.titles import title_of
from schemas.ids import parse_process


class Known(NamedTuple):
    """What an edge knows of an end, besides its node and host."""

    service: str = ""
    name: str = ""
    container: str = ""
    container_name: str = ""
    namespace: str = ""
    pod: str = ""


class Nodes:
    """The nodes of a map, by id. `names` are those of addresses, `of_hosts` parts by host (graph/of_hosts.py)."""

    def __init__(
        self,
        hostnames: dict[str, str],
        names: Names,
        of_hosts: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
    ) -> None:
        self._hostnames = hostnames
        self._names = names
        self._of_hosts = of_hosts
        self._nodes: dict[str, Node] = {}

    def add(self, node_id: str, hosts: list[str], *known: str) -> None:
        """Add an end of an edge, as the edge describes it: `known` are values of Known."""
        node = self._nodes.get(node_id)
        if node is None:
            node = self._nodes[node_id] = self._new(node_id, hosts, Known(*known))
        if everywhere(node.kind):
            node.hosts = sorted({*node.hosts, *map(self._hostname, hosts)})

    def add_process(self, process: Node, level: str) -> None:
        """Add a process, or the node of the level that it belongs to."""
        process.hostname = process.hostname or self._hostname(process.host)
        known = {name: getattr(process, name) for name in KNOWN}
        known |= {name: self._of_hosts.get(name, {}).get(process.host, one.otherwise) for name, one in OF_HOST.items()}
        node = node_of(level, process.id, known)
        if node != process.id:
            self.add(node, [process.host], *(getattr(process, name) for name in Known._fields))
        elif level != "address":
            self._nodes[node] = process

    def hold(self, row: PressureRow) -> None:
        """Add what held a node back, where the node is on the map."""
        node = self._nodes.get(row.node)
        if node is None:
            return
        node.throttled_share = share(row.cpu_throttled_periods, row.cpu_periods)
        node.memory_share, node.oom_kills = row.memory_share, row.oom_kills
        judged = judgement(node_faults(row.cpu_periods, row.cpu_throttled_periods, row.oom_kills))
        node.health, node.why = judged["health"], judged["why"]

    def process_ids(self) -> Iterator[str]:
        """Yield the ids of the processes."""
        return (node.id for node in self._nodes.values() if node.kind == "process")

    def in_order(self) -> list[Node]:
        """Return the nodes by id."""
        return [self._nodes[node_id] for node_id in sorted(self._nodes)]

    def _hostname(self, host: str) -> str:
        return self._hostnames.get(host) or host

    def _new(self, node_id: str, hosts: list[str], known: Known) -> Node:
        kind, _, rest = node_id.partition(":")
        title = title_of(node_id, self._hostname, known.service, known.name, known.container, known.container_name)
        node = Node(id=node_id, kind=kind, title=title)
        if kind == "address":
            scope, _, node.address = rest.rpartition("@")
            node.scope, node.host = scope, scope.partition("/")[0]
            node.names = list(self._names.get(node_id, ()))
            node.title = next(iter(node.names), title)
        elif not everywhere(kind):
            node.host = next(iter(hosts), rest.partition(":")[0])
        node.hostname = self._hostname(node.host) if node.host else ""
        described = known._asdict() if kind in ("process", "container") else values_of(node_id)
        if kind == "process":
            node.pid = parse_process(node_id).pid
        else:
            described.pop("name", "")  # a container has several programs
        for name in described.keys() & set(Known._fields):
            setattr(node, name, described[name])
        return node

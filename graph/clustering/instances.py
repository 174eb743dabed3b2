"""All instances of a map of processes.

Processes that serve one port at one place are one instance, and so are successive ones after a restart. A process for
each connection belongs to its master.
"""

from collections.abc import Iterator, Mapping

from graph.clustering.data_stores import DataStore
from graph.clustering.groups import Groups
from graph.clustering.instance import Instance, Spoken, port_of
from graph.clustering.kinds import forked, forwards, store_by_name, store_by_program, store_by_protocol
from graph.clustering.strangers import Strangers
from graph.model import Edge, Node, ServiceMap

Common = tuple[object, ...]


class Instances:
    """The instances of a map, and those at the ends of an edge."""

    def __init__(self, of: ServiceMap) -> None:
        self.nodes: Mapping[str, Node] = {node.id: node for node in sorted(of.nodes, key=lambda node: node.id)}
        self.edges = sorted(
            (edge for edge in of.edges if edge.transport in ("tcp", "udp") and edge.client != edge.server),
            key=lambda edge: (edge.client, edge.server, edge.transport, edge.server_port),
        )
        self._spoken: dict[str, Spoken] = {}
        for edge in self.edges:
            self._spoken.setdefault(edge.server, {}).setdefault(port_of(edge), set()).add(edge.protocol)
        self._processes = self._of_processes()
        self._drop_forwarders()
        self._strangers = Strangers(self.nodes, self.edges, self._spoken, self._processes)
        for edge in self.edges:
            server = self.server(edge)
            if server is not None:
                server.clients.setdefault(port_of(edge), set()).add(edge.client)

    def all(self) -> list[Instance]:
        """Return all instances, by id."""
        found = {id(each): each for each in (*self._processes.values(), *self._strangers.all())}
        return sorted(found.values(), key=lambda each: (each.id, each.store.kind if each.store else ""))

    def server(self, edge: Edge) -> Instance | None:
        """Return the instance that serves an edge."""
        return self._processes.get(edge.server) or self._strangers.server(edge)

    def client(self, edge: Edge, server: Instance) -> Instance | None:
        """Return the instance that is the client of an edge to another one."""
        found = self._processes.get(edge.client)
        return self._strangers.client(edge, server.store) if found is None and server.store else found

    def _of_processes(self) -> dict[str, Instance]:
        processes = [node for node in self.nodes.values() if node.kind == "process" and not forwards(node)]
        stores = {node.id: self._store_of(node) for node in processes}
        family = {(node.host, node.pid): node.service for node in processes}
        groups: Groups[Common] = Groups((node.id,) for node in processes)
        for node in processes:
            for common in self._in_common(node, stores[node.id][0], family):
                groups.join((node.id,), common)
        made: dict[str, Instance] = {}
        for group in groups.all():
            nodes = [self.nodes[str(key[0])] for key in group if len(key) == 1]
            instance = Instance(nodes, stores[nodes[0].id][0], any(stores[node.id][1] for node in nodes))
            made.update(dict.fromkeys((node.id for node in nodes), instance))
        return made

    def _store_of(self, node: Node) -> tuple[DataStore | None, bool]:
        """Return the store of a process, and whether its program says so."""
        spoken = self._spoken.get(node.id, {})
        program = store_by_program(node) or (store_by_name(node) if spoken else None)
        return program or store_by_protocol(set().union(*spoken.values())), program is not None

    def _in_common(
        self, node: Node, store: DataStore | None, family: Mapping[tuple[str, int], str]
    ) -> Iterator[Common]:
        """Yield what all processes of one instance have in common."""
        at = (node.host, node.container, store.kind if store else f"{node.service}/{node.name}")
        for port in self._spoken.get(node.id, {}):
            yield (*at, "port", port)
        if store is None or store.forks:
            yield (*at, "family", node.pid)
        if forked(node, store) if store else family.get((node.host, node.parent)) == node.service:
            yield (*at, "family", node.parent)

    def _drop_forwarders(self) -> None:
        """Take what speaks a store's protocol and uses that store for what speaks for it."""
        for edge in self.edges:
            client, server = self._processes.get(edge.client), self._processes.get(edge.server)
            if client and server and client.store is server.store and server.by_program and not client.by_program:
                client.store = None

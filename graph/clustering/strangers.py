"""Instances of stores whose process no agent sees: their address, or their host, stands for them."""

from collections.abc import Mapping, Sequence

from graph.clustering.data_stores import AMBIGUOUS, STORES, DataStore
from graph.clustering.instance import Instance, Port, Spoken, port_of
from graph.clustering.kinds import store_by_protocol
from graph.model import Edge, Node

Key = tuple[str, str, int]  # node, kind of store, and by how much its ports are moved
_BY_PORT = {port: store for store in STORES for port in store.ports if port not in AMBIGUOUS}


class Strangers:
    """Who serves a store's port, or uses one that only peers use, and is no known process.

    If several instances of a store share an address, all ports of one are moved by the same number.
    """

    def __init__(
        self,
        nodes: Mapping[str, Node],
        edges: Sequence[Edge],
        spoken: Mapping[str, Spoken],
        processes: Mapping[str, Instance],
    ) -> None:
        self._nodes, self._spoken, self._processes = nodes, spoken, processes
        self._stores: dict[tuple[str, Port], DataStore] = {}
        found: dict[Key, DataStore] = {}
        peers: dict[tuple[str, str], DataStore] = {}
        for edge in edges:
            if self._is_stranger(edge.server):
                at = (edge.server, port_of(edge))
                store = self._of_peer(edge) or self._stores.get(at) or self._of_port(edge)
                if store is not None:
                    self._stores[at] = store
            server = processes.get(edge.server)
            store = server.store if server and server.by_program and self._is_stranger(edge.client) else None
            if store is not None and _is_of_peers(store, edge.server_port):
                peers[edge.client, store.kind] = store
        for (node, (_, number)), store in self._stores.items():
            found[node, store.kind, _moved(store, number)] = store
        serving = {(node, kind) for node, kind, _ in found}
        found |= {(node, kind, 0): store for (node, kind), store in peers.items() if (node, kind) not in serving}
        self._found = {key: Instance([nodes[key[0]]], found[key]) for key in sorted(found)}
        self._there: dict[tuple[str, str], list[Instance]] = {}
        for (node, kind, _), instance in self._found.items():
            self._there.setdefault((node, kind), []).append(instance)

    def all(self) -> list[Instance]:
        """Return all of them."""
        return list(self._found.values())

    def server(self, edge: Edge) -> Instance | None:
        """Return the one that serves an edge."""
        store = self._stores.get((edge.server, port_of(edge)))
        return self._found[edge.server, store.kind, _moved(store, edge.server_port)] if store else None

    def client(self, edge: Edge, store: DataStore) -> Instance | None:
        """Return the one that uses a port of peers; elsewhere a client may be anybody, and of two there either."""
        there = self._there.get((edge.client, store.kind), []) if _is_of_peers(store, edge.server_port) else []
        return there[0] if len(there) == 1 else None

    def _is_stranger(self, node: str) -> bool:
        return node in self._nodes and self._nodes[node].kind != "process"

    def _of_peer(self, edge: Edge) -> DataStore | None:
        """Return the store of a client that uses a port as that of a peer: one of its store's, or one as its own."""
        client = self._processes.get(edge.client)
        if client is None or client.store is None or not client.by_program:
            return None
        own = {port for node in client.nodes for port in self._spoken.get(node.id, {})}
        is_peer = edge.server_port in (*client.store.ports, *client.store.peer_ports) or port_of(edge) in own
        return client.store if is_peer else None

    def _of_port(self, edge: Edge) -> DataStore | None:
        """Return the store that a server is of by what it speaks, or by its port where nobody saw what it speaks."""
        spoken = self._spoken[edge.server][port_of(edge)]
        by_port = _BY_PORT.get(edge.server_port) if spoken == {""} and edge.transport == "tcp" else None
        return store_by_protocol(spoken) or by_port


def _moved(store: DataStore, port: int) -> int:
    return min((port - default for default in (*store.ports, *store.peer_ports) if port >= default), default=0)


def _is_of_peers(store: DataStore, port: int) -> bool:
    return port - _moved(store, port) in store.peer_ports

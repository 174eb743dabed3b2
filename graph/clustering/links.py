"""Which instances connect to which others of their kind: peers, and replicas to their leaders."""

from graph.clustering.data_stores import GOSSIP, DataStore
from graph.clustering.groups import Groups
from graph.clustering.instance import Instance, Port, port_of
from graph.clustering.instances import Instances
from graph.clustering.kinds import replicates

Links = dict[tuple[Instance, Instance], set[Port]]  # client and server, with the server's ports
LEADER, REPLICA = "leader", "replica"
_FEW = 5  # instances: of so few, more are linked
_MANY = 6  # others that each is linked with on average are a mesh of any size


def links(found: Instances) -> Links:
    """Return the connections between instances of one store, and between those of one service that is none."""
    made: Links = {}
    for edge in found.edges:
        server = found.server(edge)
        client = found.client(edge, server) if server else None
        if server is None or client is None or client is server or not _alike(client, server):
            continue
        if server.store is None or replicates(found.nodes[edge.client], server.node, server.store):
            made.setdefault((client, server), set()).add(port_of(edge))
    return made


def _alike(client: Instance, server: Instance) -> bool:
    if client.store is not server.store:
        return False
    if server.store is None:
        return bool(server.node.service) and client.node.service == server.node.service
    if client.stranger or server.stranger or (client.by_program and server.by_program):
        return True
    return client.node.name == server.node.name


def roles(store: DataStore | None, inner: Links) -> dict[Instance, str]:
    """Return who leads and who follows, where the connections of a cluster show it: a replica connects to its leader.

    If two connect to each other, as those of a mesh do, nobody is known to lead.
    """
    if store is None or not store.leads:
        return {}
    arrows = {pair for pair, ports in inner.items() if any(_leads(store, pair[1], port) for port in ports)}
    if any((server, client) in arrows for client, server in arrows):
        return {}
    clients, servers = {client for client, _ in arrows}, {server for _, server in arrows}
    leaders = servers - clients
    if store.leads == "peers" and (len(leaders) != 1 or servers & clients):
        return {}
    return dict.fromkeys(leaders, LEADER) | dict.fromkeys(clients, REPLICA)


def _leads(store: DataStore, server: Instance, port: Port) -> bool:
    """Return whether a follower connects to its leader at a port. The bus of Redis is 10,000 above that of clients."""
    transport, number = port
    is_of_peers = number in store.peer_ports or (transport, number - 10_000) in server.clients
    return number == store.peer_ports[0] if store.leads == "peers" else not is_of_peers


def meshes(found: Instances, linked: Links) -> list[list[Instance]]:
    """Return the instances of services that are linked with each other on one port, as gossip links them."""
    at_port: dict[tuple[str, Port], Links] = {}
    for (client, server), ports in linked.items():
        for port in ports if server.store is None else ():
            at_port.setdefault((server.node.service, port), {})[client, server] = {port}
    groups: Groups[Instance] = Groups(found.all())
    for (_, (_, number)), pairs in sorted(at_port.items(), key=lambda item: item[0]):
        parts: Groups[Instance] = Groups()
        for client, server in pairs:
            parts.join(client, server)
        for part in parts.all():
            if _meshed(part, pairs, gossips=number in GOSSIP):
                for other in part[1:]:
                    groups.join(part[0], other)
    return [group for group in groups.all() if len(group) > 1]


def _meshed(part: list[Instance], pairs: Links, *, gossips: bool) -> bool:
    """Return whether most pairs are linked, or each is with many others, and not only from one half to the other.

    Tiers of one program, such as a proxy before another, have links in one direction.
    """
    own = set(part)
    inner = [pair for pair in pairs if pair[0] in own]
    linked = len({frozenset(pair) for pair in inner})
    both = len({client for client, _ in inner} & {server for _, server in inner})
    if len(part) == 2:
        return both == 2 or gossips
    all_pairs = len(part) * (len(part) - 1) / 2
    dense = linked >= all_pairs * (2 / 3 if len(part) <= _FEW else 1 / 2) or 2 * linked >= _MANY * len(part)
    return dense and both >= max(1, len(part) // 2 - 1)

"""Segmentation: the rules that would allow what was seen of some nodes, and what given rules would have blocked."""

from collections.abc import Collection, Iterable, Mapping
from ipaddress import ip_address
from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

from graph.model import Edge, ServiceMap
from graph.peers import PeersRow
from graph.requests import Key, key
from schemas.unix_names import TRANSPORT as UNIX

Direction: TypeAlias = Literal["in", "out"]  # towards the node, or from it
DIRECTIONS: tuple[Direction, ...] = ("in", "out")
Addresses: TypeAlias = Mapping[Key, PeersRow]


class Rule(Struct, frozen=True, kw_only=True):
    """A peer that may connect to a node ("in"), or that a node may connect to ("out"), on a port of the server.

    A node that has rules of a direction may connect with nobody else in it. A rule without a peer says that there is
    nobody. The addresses are those at which the two were seen, without those of loopback. `last` is in ISO 8601.
    """

    node: str
    direction: Direction
    peer: str = ""
    transport: str = ""
    port: Annotated[int, Meta(ge=0, le=65_535)] = 0
    connections: int = 0
    last: str = ""
    node_addresses: list[str] = []
    peer_addresses: list[str] = []

    @property
    def allows(self) -> tuple[str, Direction, str, str, int]:
        """Return what is allowed, without the evidence."""
        return self.node, self.direction, self.peer, self.transport, self.port


def by_edge(rows: Iterable[PeersRow]) -> Addresses:
    """Return the addresses of the ends of each edge."""
    return {Key(row.client, row.server, row.transport, row.server_port): row for row in rows}


def implied(
    of: ServiceMap, nodes: Collection[str], addresses: Addresses, directions: Collection[Direction] = DIRECTIONS
) -> list[Rule]:
    """Return the rules that allow all connections that were seen of these nodes, sorted.

    What never became a connection is not allowed: a scan, or a server that is not there.
    """
    rules = [
        _rule(edge, direction, addresses.get(key(edge)))
        for edge in of.edges
        if passes_firewalls(edge) and connected(edge)
        for direction in directions
        if _ends(edge, direction)[0] in nodes
    ]
    some = {(rule.node, rule.direction) for rule in rules}
    nobody = (Rule(node=node, direction=one) for node in nodes for one in directions if (node, one) not in some)
    return sorted([*rules, *nobody], key=lambda rule: rule.allows)


def blocked(of: ServiceMap, rules: Iterable[Rule]) -> list[tuple[Edge, Rule]]:
    """Return the edges that rules would have blocked, each with a rule of the node and direction that does.

    What never became a connection would not be missed, and is left out.
    """
    allowed: set[tuple[str, Direction, str, str, int]] = set()
    ruled: dict[tuple[str, Direction], Rule] = {}
    for rule in rules:
        allowed.add(rule.allows)
        ruled.setdefault((rule.node, rule.direction), rule)
    found = []
    for edge in of.edges:
        if not (passes_firewalls(edge) and connected(edge)):
            continue
        for direction in DIRECTIONS:
            node, peer = _ends(edge, direction)
            by = ruled.get((node, direction))
            if by and (node, direction, peer, edge.transport, edge.server_port) not in allowed:
                found.append((edge, by))
                break
    return found


def connected(edge: Edge) -> bool:
    """Return whether there was a connection, and not only attempts."""
    return bool(edge.connections_active or edge.connections_closed or edge.connections_opened > edge.connections_failed)


def passes_firewalls(edge: Edge) -> bool:
    """Return whether packets go over a network: Unix sockets have none."""
    return edge.transport != UNIX


def _rule(edge: Edge, direction: Direction, seen: PeersRow | None) -> Rule:
    node, peer = _ends(edge, direction)
    clients, servers = (_routed(seen.client_addresses), _routed(seen.server_addresses)) if seen else ([], [])
    return Rule(
        node=node,
        direction=direction,
        peer=peer,
        transport=edge.transport,
        port=edge.server_port,
        connections=edge.connections_active + edge.connections_closed,
        last=edge.last,
        node_addresses=servers if direction == "in" else clients,
        peer_addresses=clients if direction == "in" else servers,
    )


def _ends(edge: Edge, direction: Direction) -> tuple[str, str]:
    """Return the node and the peer of an edge that comes in to the node or goes out of it."""
    return (edge.server, edge.client) if direction == "in" else (edge.client, edge.server)


def _routed(addresses: Iterable[str]) -> list[str]:
    """Return the addresses that go over a network: loopback is nobody's to filter."""
    return [text for text in addresses if text and not ip_address(text).is_loopback]

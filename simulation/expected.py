"""What a map should show of a range: the truth added up, and each end as well as it can be known at a level."""

from collections.abc import Iterator, Mapping
from itertools import product

from msgspec import Struct, field, structs

from graph.levels import PARTS, node_of
from graph.requests import Key
from graph.zones import NO_REGION, NO_ZONE, place_of
from schemas.ids import address_node, host_node, service_node
from simulation.architecture import Program
from simulation.connections import LOOPBACK
from simulation.faults import Fault
from simulation.machine import OWN_NETNS
from simulation.truth import TrueEdge, TrueEnd, TrueEvent, TrueKey, TrueWindow

ADDRESS = "address"  # the level whose nodes are ends of flows, and not those who hold them


class Carried(TrueEdge, kw_only=True):
    """What an edge carried in all of the range, and which of its ends agents watched.

    `whole`: agents watched both ends in every window, so all that it carried is known to be theirs.
    """

    client_watched: bool = False
    server_watched: bool = False
    whole: bool = True

    @property
    def provable(self) -> bool:
        """Return whether any agent saw it."""
        return self.client_watched or self.server_watched

    def take(self, edge: TrueEdge, *, client: bool, server: bool) -> None:
        """Add a window, in which agents watched these ends."""
        self.add(edge)
        self.client_watched |= client
        self.server_watched |= server
        self.whole &= client and server


class Item(Struct, frozen=True):
    """An edge of a level that a complete map shows: by one of these nodes at each end."""

    clients: tuple[str, ...]  # the best first
    servers: tuple[str, ...]
    transport: str
    port: int

    @property
    def best(self) -> Key:
        """Return the edge between the nodes that are best known."""
        return Key(self.clients[0], self.servers[0], self.transport, self.port)

    @property
    def named(self) -> bool:
        """Return whether both ends can be known for certain."""
        return len(self.clients) == len(self.servers) == 1

    @property
    def shapes(self) -> Iterator[Key]:
        """Yield all edges that would do."""
        return (Key(*ends, self.transport, self.port) for ends in product(self.clients, self.servers))


class Truth(Struct):
    """All that happened in a range. It grows with the pairs of processes that talk, and not with the range."""

    edges: dict[TrueKey, Carried] = field(default_factory=dict)
    ends: dict[str, TrueEnd] = field(default_factory=dict)  # by node
    programs: dict[str, Program] = field(default_factory=dict)  # by node of a process
    events: list[TrueEvent] = field(default_factory=list)
    provable_events: list[TrueEvent] = field(default_factory=list)  # of which an agent saw before and after
    faults: dict[Fault, None] = field(default_factory=dict)  # that were there, in their order
    _windows: int = 0

    def take(self, window: TrueWindow) -> None:
        """Add a window."""
        for node, end in window.ends.items():
            known = self.ends.get(node)
            self.ends[node] = end if known is None else end._replace(agent=end.agent or known.agent)
        self.programs.update({node: one.service.program for node, one in window.instances.items()})
        self.faults.update(dict.fromkeys(window.faults))
        self._take_events(window)
        idle = ((key, TrueEdge()) for key in window.open if key not in window.edges and key not in self.edges)
        for key, edge in (*window.edges.items(), *idle):
            watched = {name: window.ends[getattr(key, name)].agent for name in ("client", "server")}
            self.edges.setdefault(key, Carried()).take(edge, **watched)

    def called(self, names: Mapping[str, str]) -> "Truth":
        """Return the same with other names of services, by their processes.

        What a service is called is a matter of rules (`name_services` judges it); who talks to whom is none.
        """
        ends = {node: end._replace(service=names.get(node) or end.service) for node, end in self.ends.items()}
        return structs.replace(self, ends=ends)

    def _take_events(self, window: TrueWindow) -> None:
        """Add what happened; what did before the first window ended is found as it is, and no event of any agent."""
        unwatched = {end.host for end in window.ends.values() if not end.agent}
        watched = {
            node
            for node, one in window.instances.items()
            if one.host.agent and one.host.name not in unwatched
        }  # fmt: skip
        self.events += window.events
        self.provable_events += [event for event in window.events if self._windows and event.node in watched]
        self._windows += 1

    def has(self, level: str) -> bool:
        """Return whether anybody has a node of a level, and not only one of the level that stands for it."""
        return any(best(end, level).startswith(f"{level}:") for end in self.ends.values())

    def items(self, level: str) -> dict[Item, bool]:
        """Return what a complete map of a level shows, and of each whether all of it was counted there."""
        found: dict[Item, bool] = {}
        for key, edge in self.edges.items():
            if edge.provable:
                client, server = self._ends(key)
                clients = _nodes(client, level, known=edge.client_watched)
                servers = _nodes(server, level, known=edge.server_watched)
                item = Item(clients, servers, key.transport, key.port)
                found[item] = found.get(item, True) and edge.whole
        return found

    def counted(self, level: str) -> dict[Key, TrueEdge]:
        """Return what edges carried of which agents counted all, and of which both ends are known."""
        items = self.items(level)
        whole = {item.best for item, whole in items.items() if whole and item.named}
        partly = {item.best for item, whole in items.items() if not (whole and item.named)}
        known = whole - partly - self.unprovable(level)
        return {key: edge for key, edge in self._sums(level).items() if key in known}

    def unprovable(self, level: str) -> set[Key]:
        """Return the edges of which no agent saw anything."""
        seen = {key for key in self.edges if self.edges[key].provable}
        return {self.at(level, key) for key in self.edges if key not in seen}

    def true(self, level: str) -> set[Key]:
        """Return all edges of a level, also those that nobody can know."""
        return {self.at(level, key) for key in self.edges}

    def _sums(self, level: str) -> dict[Key, TrueEdge]:
        found: dict[Key, TrueEdge] = {}
        for key, edge in self.edges.items():
            found.setdefault(self.at(level, key), TrueEdge()).add(edge)
        return found

    def shapes(self, level: str) -> set[Key]:
        """Return every edge that would be no wrong credit, however little is known of its ends."""
        found: set[Key] = set()
        for key in self.edges:
            clients, servers = (_nodes(end, level, known=False) for end in self._ends(key))
            found.update(Item(clients, servers, key.transport, key.port).shapes)
        return found

    def at(self, level: str, key: TrueKey) -> Key:
        """Return an edge as it is at a level."""
        client, server = (best(end, level) for end in self._ends(key))
        return Key(client, server, key.transport, key.port)

    def _ends(self, key: TrueKey) -> tuple[TrueEnd, TrueEnd]:
        """Return the ends of an edge with the addresses that they use: two with one address talk by loopback."""
        client, server = self.ends[key.client], self.ends[key.server]
        if not client.host or (client.host, client.address) != (server.host, server.address):
            return client, server
        loopback = f"{client.host}/{OWN_NETNS}@{LOOPBACK}"
        return client._replace(address=loopback), server._replace(address=loopback)


def _nodes(end: TrueEnd, level: str, *, known: bool) -> tuple[str, ...]:
    """Return the nodes that an end may have: one, if its agent knew whose it was."""
    if known and (end.owner_known or level == ADDRESS):
        return (best(end, level),)
    return tuple(dict.fromkeys((best(end, level), *vague(end, level))))


def best(end: TrueEnd, level: str) -> str:
    """Return the node of an end at a level, by all that is true of it."""
    return address_node("", end.address) if level == ADDRESS else node_of(level, end.node, facts(end))


def vague(end: TrueEnd, level: str) -> Iterator[str]:
    """Yield the nodes of an end of which less is known: its service, its host, its address alone."""
    known = facts(end)
    if level != ADDRESS and end.host:
        place = {name: value for name, value in known.items() if name in {"host", "zone", "region"}}
        nothing = dict.fromkeys(PARTS, "") | place
        yield node_of(level, service_node(end.service), nothing | {"service": end.service})
        yield node_of(level, host_node(end.host), nothing)
    yield address_node("", end.address)


def facts(end: TrueEnd) -> Mapping[str, str]:
    """Return what is true of an end, by the parts of nodes."""
    region, _, zone = end.zone.partition("/")
    of_host = {"region": region.replace(":", ".") or NO_REGION, "zone": zone or NO_ZONE}
    place = of_host if end.host else {}
    return dict.fromkeys(PARTS, "") | {name: getattr(end, name) for name in PARTS if name in TrueEnd._fields} | place


def titles(end: TrueEnd) -> dict[str, str]:
    """Return how people should see the nodes of an end, by the nodes; what services are called, rules decide."""
    known = facts(end)
    shown = {
        "host": end.host,
        "pod": end.pod,
        "namespace": end.namespace,
        "zone": place_of(known["region"], known["zone"]),
        "region": known["region"],
    }
    named = {level: node_of(level, end.node, known) for level in shown}
    return {node: shown[level] for level, node in named.items() if shown[level] and node.startswith(f"{level}:")}

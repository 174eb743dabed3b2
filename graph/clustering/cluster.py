"""A cluster as it is shown, made of its instances. Its fields are those of `clusters --json`."""

from collections import Counter
from collections.abc import Iterator
from functools import cached_property

from msgspec import Struct

from graph.clustering.instance import Instance, Port
from graph.clustering.instances import Instances
from graph.clustering.kinds import observes, own_name, stem
from graph.clustering.links import LEADER, Links, roles

PEERS = "peers"  # the kind of a cluster of a service that is no store
MOST_NAMED = 2  # clients in a name
MOST_LISTED = 5  # of them in a sentence


class Member(Struct, kw_only=True, omit_defaults=True):
    """An instance in a cluster. `id` is a node: a process, or the address or host of one that no agent sees."""

    id: str
    title: str
    host: str = ""
    hostname: str = ""
    service: str = ""
    role: str = ""  # leader or replica, where it is known
    nodes: list[str]  # all processes that are this instance


class Cluster(Struct, kw_only=True, omit_defaults=True):
    """Members of one thing. `port` is that of its clients; without any, that of its peers."""

    id: str
    name: str
    kind: str
    port: int
    members: list[Member]
    clients: list[str]  # their services, those with most processes first
    evidence: list[str]
    confidence: float

    @property
    def leaders(self) -> list[Member]:
        """Return its leaders."""
        return [member for member in self.members if member.role == LEADER]

    @property
    def nodes(self) -> set[str]:
        """Return the nodes of its members on a map of processes."""
        return {node for member in self.members for node in member.nodes}


class Making:
    """A cluster that is being made of instances and the connections between them."""

    def __init__(self, found: Instances, group: list[Instance], inner: Links) -> None:
        self._group = sorted(group, key=lambda one: (one.node.hostname, one.id))
        self._store = group[0].store
        self._inner = inner
        self._roles = roles(self._store, inner)
        self._services = sorted({stem(one.node.service) for one in group if one.node.service})
        within = {node.id for one in group for node in one.nodes}
        used: dict[Port, set[str]] = {}
        for one in group:
            for port, clients in one.clients.items():
                used.setdefault(port, set()).update(clients - within)
        ports = {number: len(clients) for (_, number), clients in used.items()}
        self._port = max(ports, key=lambda port: (ports[port], -port), default=0)
        outside = [found.nodes[node] for node in sorted(set().union(*used.values()))]
        self._clients = _most(Counter(node.service or node.title for node in outside))
        self._users = _most(Counter(node.service for node in outside if node.service and not observes(node)))

    @cached_property
    def name(self) -> str:
        """Return what its members are called; if that is only what their program is called, who uses them."""
        return self._own_name or self._of_users(self._store.kind if self._store else PEERS)

    @cached_property
    def long_name(self) -> str:
        """Return a name that differs from those of others with the same name: with who uses it."""
        return self._of_users(self._own_name) if self._own_name else self.name

    def cluster(self, names: Counter[str]) -> Cluster:
        """Return the cluster. `names` counts the names and the long names of all."""
        name = self.name if names[self.name] == 1 else self.long_name
        if names[name] > 1:
            first = self._group[0].node
            name = f"{name} on {first.hostname or first.title}"
        return Cluster(
            id=f"cluster:{self._port}:{min(one.id for one in self._group)}",
            name=name,
            kind=self._store.kind if self._store else PEERS,
            port=self._port,
            members=[_member(one, self._roles.get(one, "")) for one in self._group],
            clients=self._clients,
            evidence=list(self._evidence()),
            confidence=round(self._confidence(), 2),
        )

    @cached_property
    def _own_name(self) -> str:
        own = {own_name(name, self._store) if self._store else name for name in self._services}
        return own.pop() if len(own) == 1 else ""

    def _of_users(self, what: str) -> str:
        more = len(self._users) - MOST_NAMED
        users = [*self._users[:MOST_NAMED], *([f"{more} more"] if more > 0 else [])]
        return f"{what} of {', '.join(users)}" if users else what

    def _evidence(self) -> Iterator[str]:
        alone = len(self._group) == 1
        programs = sorted({one.node.name for one in self._group if not one.stranger and one.node.name})
        if programs:
            yield f"{'runs' if alone else 'all run'} {', '.join(programs)}"
        strangers = sum(one.stranger for one in self._group)
        if strangers:
            yield f"{strangers} without an agent: known by peers, protocol or port"
        ports = sorted({number for ports in self._inner.values() for _, number in ports})
        if ports:
            pairs = len({frozenset(pair) for pair in self._inner})
            plural = "pair" if pairs == 1 else "pairs"
            yield f"connected with each other on port {', '.join(map(str, ports))}: {pairs} {plural}"
        elif not alone:
            yield f"used by the same clients: {', '.join(self._users[:MOST_LISTED]) or 'addresses'}"
            yield from [f"all called {self._own_name}"] if self._own_name else []
        if self._roles:
            yield "replicas connect to their leader"

    def _confidence(self) -> float:
        sure = min(0.99 if one.by_program else 0.9 if not one.stranger else 0.8 for one in self._group)
        if self._store is None:
            return min(sure, 0.8)
        if len(self._group) == 1 or self._inner:
            return sure
        return sure * (0.9 if self._own_name else 0.7)


def _most(counted: Counter[str]) -> list[str]:
    return sorted(counted, key=lambda name: (-counted[name], name))


def _member(one: Instance, role: str) -> Member:
    node = one.node
    return Member(
        id=node.id,
        title=node.title,
        host=node.host,
        hostname=node.hostname,
        service=node.service,
        role=role,
        nodes=[each.id for each in one.nodes],
    )

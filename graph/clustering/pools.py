"""Instances of a store that connect to no others: they belong together if the same clients use them.

A client here is a service at one place, whatever its processes are. What uses every store (a monitor, a proxy) does not
count. Instances that people gave one name of its own need one service in common: each of its processes may use a few of
them. With the name of their program alone they need most clients in common if such stores know nothing of each other,
as those of memcached do. Of all other stores, the missing connection speaks against it: nearly all must be common. That
also holds where no agent sees an instance; and there, of stores whose clients use only a leader, nothing can be known.
"""

from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import NamedTuple

from graph.clustering.data_stores import DataStore
from graph.clustering.groups import Groups
from graph.clustering.instance import Instance
from graph.clustering.instances import Instances
from graph.clustering.kinds import observes, own_name
from graph.model import Node

MOST, NEARLY_ALL = 0.5, 0.8  # of the clients of two instances
SEVERAL, MANY = 2, 3  # services, and clients of a single one


class _Client(NamedTuple):
    """A service at one place; of a client that no agent sees, its node without a service."""

    place: str
    service: str = ""


class _Used(NamedTuple):
    """What instances that are alike have: a name of their own, a port, an agent that sees them or none, clients."""

    name: str
    port: int
    stranger: bool
    clients: frozenset[_Client]

    @property
    def services(self) -> set[str]:
        """Return the services among the clients."""
        return {client.service for client in self.clients} - {""}


def pools(found: Instances, alone: Iterable[Instance]) -> list[list[Instance]]:
    """Return instances that are linked with no others, in groups."""
    groups: Groups[Instance] = Groups(alone)
    clients = {node.id: client for node, client in _clients(found)}
    stores: dict[str, dict[_Used, Instance]] = {}
    for (one,) in groups.all():
        if one.store is None:
            continue
        own = frozenset(clients[node] for node in set().union(*one.clients.values()) if node in clients)
        used = _Used(own_name(one.node.service, one.store), one.port, one.stranger, own)
        first = stores.setdefault(one.store.kind, {}).setdefault(used, one)
        if first is not one and _together(used, used, one.store):
            groups.join(first, one)
    for instances in stores.values():
        store = next(iter(instances.values())).store
        for some, others in _pairs(instances, store) if store else ():
            groups.join(instances[some], instances[others])
    return groups.all()


def _clients(found: Instances) -> Iterator[tuple[Node, _Client]]:
    for node in found.nodes.values():
        if node.kind != "process":
            yield node, _Client(node.id)
        elif not observes(node):
            yield node, _Client(f"{node.host}/{node.container}", node.service or node.name)


def _pairs(instances: Iterable[_Used], store: DataStore) -> Iterator[tuple[_Used, _Used]]:
    """Yield pairs of one store that belong together. A stranger that may be of several pools is of none."""
    known = [used for used in instances if not used.stranger]
    unclaimed = []
    yield from _matching(known, store)
    for stranger in (used for used in instances if used.stranger):
        fitting = {some.name: some for some in known if _together(stranger, some, store)}
        if not fitting:
            unclaimed.append(stranger)
        elif len(fitting) == 1:
            yield from ((stranger, some) for some in fitting.values())
    yield from _matching(unclaimed, store)


def _matching(uses: Iterable[_Used], store: DataStore) -> Iterator[tuple[_Used, _Used]]:
    return (pair for pair in combinations(uses, 2) if _together(*pair, store))


def _together(some: _Used, others: _Used, store: DataStore) -> bool:
    shared, every = some.clients & others.clients, some.clients | others.clients
    services = some.services & others.services
    share = len(shared) / max(1, len(every))
    alike = share >= NEARLY_ALL and (len(shared) >= MANY or len(services) >= SEVERAL)
    if some.stranger or others.stranger:
        same = len(services) >= max(SEVERAL, NEARLY_ALL * len(some.services | others.services))
        return some.port == others.port and store.leads != "clients" and (alike or same)
    if some.name or others.name:
        return some.name == others.name and bool(services or share > MOST)
    return some.port == others.port and (share > MOST if store.pooled else alike)

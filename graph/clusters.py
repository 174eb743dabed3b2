"""Clusters: instances of one data store, or peers of one service, as one thing.

Instances of a store belong together if they connect to each other. If nothing shows such a connection, they do if
the same clients use them. Instances of any other service do if they are linked with each other, as gossip links them.
What uses a store (a proxy, a backup, a monitor) is no member, and joins nothing. Pure: the order of the map's nodes and
edges changes nothing.
"""

from collections import Counter

from graph.clustering.cluster import Cluster, Making
from graph.clustering.groups import Groups
from graph.clustering.instance import Instance
from graph.clustering.instances import Instances
from graph.clustering.links import Links, links, meshes
from graph.clustering.pools import pools
from graph.model import ServiceMap


def clusters(of: ServiceMap, *, singles: bool = False) -> list[Cluster]:
    """Return the clusters in a map of processes, by name; `singles` adds instances of stores that are alone."""
    found = Instances(of)
    linked = links(found)
    groups: Groups[Instance] = Groups(one for one in found.all() if one.store is not None)
    for client, server in linked:
        if server.store is not None:
            groups.join(client, server)
    stores = groups.all()
    alone = [one for group in stores if len(group) == 1 for one in group]
    wanted = [*(group for group in stores if len(group) > 1), *pools(found, alone), *meshes(found, linked)]
    wanted = [group for group in wanted if singles or len(group) > 1]
    made = [Making(found, group, inner) for group, inner in zip(wanted, _within(wanted, linked), strict=True)]
    names = Counter(name for one in made for name in {one.name, one.long_name})
    return sorted((one.cluster(names) for one in made), key=lambda one: (one.name, one.id))


def _within(groups: list[list[Instance]], linked: Links) -> list[Links]:
    """Return the connections inside each group."""
    number = {one: at for at, group in enumerate(groups) for one in group}
    inner: list[Links] = [{} for _ in groups]
    for (client, server), ports in linked.items():
        at = number.get(client)
        if at is not None and at == number.get(server):
            inner[at][client, server] = ports
    return inner

"""Data stores that the internet reaches, or could."""

from collections.abc import Iterator

from graph.clustering.cluster import PEERS
from graph.clusters import clusters
from graph.risks.risk import Finding, Risk, Seen, is_global, listed, on_internet, subject

_ANY = {"0.0.0.0", "::"}


def _find(seen: Seen) -> Iterator[Finding]:
    stores: dict[tuple[str, str], str] = {}  # the kind of each by host and service
    for cluster in clusters(seen.of, singles=True):
        if cluster.kind == PEERS:
            continue
        for node in (seen.nodes[each] for each in sorted(cluster.nodes)):
            of, label = subject(node)
            stores[node.host, node.service] = cluster.kind
            clients = (seen.nodes[edge.client] for edge in seen.into.get(node.id, ()))
            if outside := {client.title for client in clients if on_internet(client)}:
                sentence = f"{cluster.kind} is asked from the internet: {listed(outside)}"
                yield Finding(risk=RISK.name, subject=of, label=label, sentence=sentence)
    for row in seen.listeners:
        kind = stores.get((row.host, row.service))
        to_all = row.host in seen.reachable and _ANY & set(row.addresses)
        if kind and row.service and row.transport == "tcp" and (to_all or any(map(is_global, row.addresses))):
            sentence = f"{kind} listens on tcp/{row.port} at an address of the internet ({listed(row.addresses)})"
            yield Finding(risk=RISK.name, subject=f"service:{row.service}", label=row.service, sentence=sentence)


RISK = Risk("store-exposed", "a data store that the internet reaches, or could", _find)

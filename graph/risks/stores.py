"""Data stores without a peer: what is in them is nowhere else, as far as is seen."""

from collections.abc import Iterator

from graph.clustering.cluster import PEERS
from graph.clusters import clusters
from graph.risks.risk import Finding, Risk, Seen, listed, subject


def _find(seen: Seen) -> Iterator[Finding]:
    for one in clusters(seen.of, singles=True):
        if one.kind == PEERS or len(one.members) > 1:
            continue
        (member,) = one.members
        node = seen.nodes[member.nodes[0]]
        if node.kind == "process":  # of a host or an address it is not known what stands behind it
            of, label = subject(node)
            used = f"; {listed(one.clients)} would notice" if one.clients else ""
            sentence = f"{one.kind} on {member.hostname or member.host} has no peer{used}"
            yield Finding(risk=RISK.name, subject=of, label=label, sentence=sentence)


RISK = Risk("store-alone", "a data store that has no peer", _find)

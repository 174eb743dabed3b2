"""Services that talk with the internet."""

from collections.abc import Iterator, Mapping

from graph.model import Edge, Node
from graph.risks.risk import Finding, Risk, Seen, listed, on_internet, subject


def _find(seen: Seen) -> Iterator[Finding]:
    for way, edges in (("connects to", seen.out_of), ("is asked by", seen.into)):
        found: dict[tuple[str, str], set[str]] = {}
        for node in seen.of.nodes:
            others = _strangers(seen, edges, node)
            if others and not on_internet(node):
                found.setdefault(subject(node), set()).update(others)
        for (of, label), strangers in found.items():
            sentence = f"{way} the internet: {listed(strangers)}"
            yield Finding(risk=RISK.name, subject=of, label=label, sentence=sentence)


def _strangers(seen: Seen, edges: Mapping[str, list[Edge]], node: Node) -> set[str]:
    ends = (seen.nodes[end] for edge in edges.get(node.id, ()) for end in (edge.client, edge.server) if end != node.id)
    return {one.title for one in ends if on_internet(one)}


RISK = Risk("outside", "a service that talks with the internet", _find)

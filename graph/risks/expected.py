"""Expected edges that are missing: an overlay says something of them, and nothing connects so."""

from collections.abc import Iterator

from msgspec import structs

from graph.model import Edge, Node
from graph.overlays import Noted
from graph.risks.risk import Finding, Risk, Seen


def _find(seen: Seen) -> Iterator[Finding]:
    for each in seen.noted:
        if each.selector.of_edges and not any(_connects(each, edge, seen) for edge in seen.of.edges):
            sentence = f"the overlay {each.annotation.overlay} speaks of this connection, and there is none"
            yield Finding(risk=RISK.name, subject=str(each.selector), label=str(each.selector), sentence=sentence)


def _connects(noted: Noted, edge: Edge, seen: Seen) -> bool:
    """Return whether an annotation is about an edge between two processes, or between their services."""
    ends = seen.nodes[edge.client], seen.nodes[edge.server]
    return any(
        noted.selector.connects(client, server, edge, seen.labels)
        for client, server in (ends, (_service(ends[0]), _service(ends[1])))
    )


def _service(node: Node) -> Node:
    return structs.replace(node, id=f"service:{node.service}", kind="service") if node.service else node


RISK = Risk("expected-missing", "an edge that an overlay speaks of, and that is not there", _find)

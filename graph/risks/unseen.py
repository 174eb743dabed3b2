"""Addresses in networks of one's own that talk to services and have no agent: half of what they do is unknown."""

from collections.abc import Iterator

from graph.risks.risk import Finding, Risk, Seen, listed, on_internet, subject


def _find(seen: Seen) -> Iterator[Finding]:
    for node in seen.of.nodes:
        if node.kind != "address" or node.host or on_internet(node):
            continue
        asks = {subject(seen.nodes[edge.server])[1] for edge in seen.out_of.get(node.id, ())}
        answers = {subject(seen.nodes[edge.client])[1] for edge in seen.into.get(node.id, ())}
        if asks or answers:
            parts = [f"connects to {listed(asks)}"] if asks else []
            parts += [f"is asked by {listed(answers)}"] if answers else []
            sentence = f"{' and '.join(parts)}, and no agent reports from there"
            yield Finding(risk=RISK.name, subject=node.id, label=node.title, sentence=sentence)


RISK = Risk("no-agent", "an address of one's own networks without an agent", _find)

"""Hosts whose two sides disagree: what one says it sent is not what the other received."""

from collections.abc import Iterator

from graph.model import Edge
from graph.risks.risk import Finding, Risk, Seen, subject

_SHARE, _LEAST = 0.05, 100_000  # of the greater count; bytes


def _find(seen: Seen) -> Iterator[Finding]:
    for edge in seen.of.edges:
        if not (edge.seen_by_client and edge.seen_by_server and edge.counted):
            continue
        for sent, received in (("client", "server"), ("server", "client")):
            counts = edge.counters[f"{sent}_sent_bytes"], edge.counters[f"{received}_received_bytes"]
            if max(counts) - min(counts) > max(_LEAST, _SHARE * max(counts)):
                yield _finding(seen, edge, sent, counts)
                break


def _finding(seen: Seen, edge: Edge, sent: str, counts: tuple[int, int]) -> Finding:
    client, server = seen.nodes[edge.client], seen.nodes[edge.server]
    of, label = subject(server)
    ends = (client, server) if sent == "client" else (server, client)
    hosts = [node.hostname or node.host or node.title for node in ends]
    counted = f"{hosts[0]} sent {counts[0]:,} bytes and {hosts[1]} received {counts[1]:,}"
    sentence = f"from {subject(client)[1]}, {edge.port}: {counted}"
    return Finding(risk=RISK.name, subject=of, label=label, sentence=sentence)


RISK = Risk("sides-disagree", "two hosts count another number of bytes on one edge", _find)

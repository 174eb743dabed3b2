"""Services that talk across zones: it costs money and time, and a zone alone cannot stand."""

from collections.abc import Iterator

from graph.counters import to_client, to_server
from graph.model import Node
from graph.risks.risk import Finding, Risk, Seen, subject


def _find(seen: Seen) -> Iterator[Finding]:
    found: dict[tuple[str, str, str, str], int] = {}
    for edge in seen.of.edges:
        client, server = seen.nodes[edge.client], seen.nodes[edge.server]
        zones = seen.zones.get(client.host, ""), seen.zones.get(server.host, "")
        if all(zones) and zones[0] != zones[1]:
            key = (subject(client)[1], *_of(server), " → ".join(zones))
            carried = to_server(edge.counters) + to_client(edge.counters) if edge.counted else 0
            found[key] = found.get(key, 0) + carried
    for (client_name, of, label, across), carried in found.items():
        sentence = f"{client_name} connects to it across zones, {across}: {carried:,} bytes"
        yield Finding(risk=RISK.name, subject=of, label=label, sentence=sentence)


def _of(node: Node) -> tuple[str, str]:
    return subject(node)


RISK = Risk("across-zones", "services that talk across zones", _find)

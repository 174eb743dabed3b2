"""Services that talk across zones: it costs money and time, and a zone alone cannot stand."""

from collections.abc import Iterator

from graph.counters import to_client, to_server
from graph.risks.risk import Finding, Risk, Seen, listed, subject

_MEGA = 1_000_000


def _find(seen: Seen) -> Iterator[Finding]:
    carried: dict[tuple[str, str, str], int] = {}
    zones: dict[tuple[str, str, str], set[str]] = {}
    for edge in seen.of.edges:
        client, server = seen.nodes[edge.client], seen.nodes[edge.server]
        ends = seen.zones.get(client.host, ""), seen.zones.get(server.host, "")
        if all(ends) and ends[0] != ends[1]:
            key = (subject(client)[1], *subject(server))
            zones.setdefault(key, set()).add(" → ".join(ends))
            some = to_server(edge.counters) + to_client(edge.counters) if edge.counted else 0
            carried[key] = carried.get(key, 0) + some
    for key, ways in zones.items():
        name, of, label = key
        sentence = f"{name} connects to it across zones, {listed(ways)}: {carried[key] / _MEGA:.1f} MB"
        yield Finding(risk=RISK.name, subject=of, label=label, sentence=sentence)


RISK = Risk("across-zones", "services that talk across zones", _find)

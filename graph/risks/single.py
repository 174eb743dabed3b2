"""Services that others use and that stand on one instance, one host or one zone."""

from collections.abc import Iterator

from graph.model import Node
from graph.risks.risk import Finding, Risk, Seen, listed, subject


def _find(seen: Seen) -> Iterator[Finding]:
    services: dict[str, list[Node]] = {}
    users: dict[str, set[str]] = {}
    for node in seen.of.nodes:
        if node.service and node.host:
            services.setdefault(node.service, []).append(node)
            others = {subject(seen.nodes[edge.client])[1] for edge in seen.into.get(node.id, ())}
            users.setdefault(node.service, set()).update(others - {node.service})
    several_hosts = len({node.host for node in seen.of.nodes if node.host}) > 1
    several_zones = len(set(seen.zones.values())) > 1
    for service, nodes in services.items():
        instances = {(node.host, node.container) for node in nodes}
        hosts = {node.host for node in nodes}
        zones = {seen.zones.get(host, "") for host in hosts}
        where = nodes[0].hostname or nodes[0].host
        if not users[service]:
            continue
        if len(instances) == 1:
            stands = f"has one instance, on {where}"
        elif len(hosts) == 1 and several_hosts:
            stands = f"has {len(instances)} instances, all on {where}"
        elif len(zones) == 1 and several_zones and "" not in zones:
            stands = f"has {len(instances)} instances, all in the zone {zones.pop()}"
        else:
            continue
        sentence = f"{stands}; {listed(users[service])} would notice"
        yield Finding(risk=RISK.name, subject=f"service:{service}", label=service, sentence=sentence)


RISK = Risk("one-of-it", "a service that others use, on one instance, one host or one zone", _find)

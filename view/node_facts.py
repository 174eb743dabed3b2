"""The facts of a node that programs of the operator's print."""

from collections.abc import Mapping, Sequence
from typing import Any

from graph.levels import values_of
from graph.model import Node
from graph.node_facts import NodeFactRow, node_facts
from sinks.store import Store
from view.events import NOBODY

MOST = 1_000


def own_facts(
    store: Store, node: str, processes: Sequence[Node], end: int, hostnames: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Return the facts of a node that stood before a time, ms: each value of a name and a port once."""
    lists = {name: [*found, NOBODY] for name, found in _about(node, processes).items()}
    hosts: dict[tuple[str, int, str], set[str]] = {}
    for row in store.rows(NodeFactRow, node_facts(everything=False), {**lists, "to": end, "most": MOST}):
        hosts.setdefault((row.name, row.port, row.value), set()).add(hostnames.get(row.host) or row.host)
    return [
        {"name": name, "port": port, "value": value, "hosts": sorted(found)}
        for (name, port, value), found in hosts.items()
    ]


def _about(node: str, processes: Sequence[Node]) -> dict[str, list[str]]:
    """Return whose facts are those of a node: processes, services on hosts, and hosts themselves."""
    kind, _, rest = node.partition(":")
    if kind == "host":
        return {"nodes": [], "services": [], "hosts": [], "subjects": [rest]}
    services = {"service": list(values_of(node).values()), "process": [each.service for each in processes]}
    return {
        "nodes": [each.id for each in processes],
        "services": services.get(kind, []),
        "hosts": sorted({each.host for each in processes}),
        "subjects": [],
    }

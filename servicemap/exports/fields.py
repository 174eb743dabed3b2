"""What other programs get of nodes and edges: plain values by name, of names that stay."""

from collections.abc import Mapping

import networkx as nx

from graph import counters
from graph.labels import labels
from graph.model import Edge, Node, ServiceMap
from schemas.text import shown

CHANGE = "~change"
"""The annotation of what differs from an earlier map: appeared, vanished, changed, unseen. No overlay is called so."""
Plain = str | int | float | bool


def of_node(node: Node, label: str) -> Mapping[str, Plain]:
    """Return the attributes of a node; unknown ones are left out."""
    known: dict[str, Plain] = {
        "label": label,
        "kind": node.kind,
        "service": node.service,
        "host": node.hostname or node.host,
        "name": node.name,
        "pid": node.pid,
        "container": node.container_name or node.container,
        "namespace": node.namespace,
        "pod": node.pod,
        "image": node.image,
        "unit": node.unit,
        "address": node.address,
        "health": node.health,
        "change": node.annotations.get(CHANGE, ""),
    }
    return {name: _plain(value) for name, value in known.items() if value}


def of_edge(edge: Edge) -> Mapping[str, Plain]:
    """Return the attributes of an edge; what nothing is known of is left out."""
    known: dict[str, Plain | None] = {
        "label": edge.port,
        "transport": edge.transport,
        "port": edge.server_port,
        "protocol": edge.protocol or None,
        "health": edge.health,
        "change": edge.annotations.get(CHANGE),
        "recorded_s": edge.recorded_s,
        "connections_opened": edge.connections_opened,
        "connections_active": edge.connections_active,
        "connections_failed": edge.connections_failed,
    }
    if edge.counted:
        known |= {"bytes_to_server": counters.to_server(edge.counters)}
        known |= {"bytes_to_client": counters.to_client(edge.counters)}
    if edge.requests:
        known |= {"requests": edge.requests, "errors": edge.errors or 0, "p50_ms": edge.p50_ms or None}
        known |= {"p99_ms": edge.p99_ms or None}
    return {name: _plain(value) for name, value in known.items() if value is not None}


def as_graph(found: ServiceMap) -> "nx.MultiDiGraph[str]":
    """Return a map as a graph whose nodes and edges have these attributes."""
    titles = labels(found)
    made: nx.MultiDiGraph[str] = nx.MultiDiGraph(level=found.level, start=found.start, end=found.end)
    for node in found.nodes:
        made.add_node(shown(node.id), **of_node(node, titles[node.id]))
    for edge in found.edges:
        made.add_edge(shown(edge.client), shown(edge.server), key=shown(edge.port), **of_edge(edge))
    return made


def _plain(value: Plain) -> Plain:
    """Return a value that XML and terminals take."""
    return shown(value) if isinstance(value, str) else value

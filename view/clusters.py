"""Clusters for the page: those that a node is part of, read once a minute for all readers."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from graph.clustering.cluster import Cluster, Member
from graph.clusters import clusters
from graph.levels import KNOWN, node_of
from graph.model import Node, Wanted
from graph.of_hosts import OF_HOST
from graph.reading import read_map
from schemas.times import MINUTE_MS
from sinks.store import Store
from view.minutely import Minutely
from view.parameters import Level

RANGE_MS = 2 * MINUTE_MS  # an idle connection is restated once a minute
KEPT = 8  # minutes


class _Found(NamedTuple):
    clusters: list[Cluster]
    nodes: Mapping[str, Node]


class Clusters:
    """The clusters of nodes at every level. A switch, a zone and a region are in none."""

    def __init__(self) -> None:
        self._found = Minutely(_read, most=KEPT)

    def of_node(self, store: Store, node: str, level: Level, end: int) -> list[dict[str, Any]]:
        """Return the clusters that a node of a level is part of, as /api/node has them."""
        found = self._found.at(store, end)
        return [_fields(one) for one in found.clusters if node in _nodes(one, found.nodes, level)]

    def names(self, store: Store, level: Level, end: int) -> dict[str, str]:
        """Return the cluster of each node of a level that is in one cluster alone."""
        found = self._found.at(store, end)
        names: dict[str, set[str]] = {}
        for one in found.clusters:
            for node in _nodes(one, found.nodes, level):
                names.setdefault(node, set()).add(one.name)
        return {node: next(iter(of_node)) for node, of_node in names.items() if len(of_node) == 1}


def _read(store: Store, minute: int) -> _Found:
    end = minute + MINUTE_MS
    found = read_map(store, Wanted(start=max(0, end - RANGE_MS), end=end, level="process"))
    made = clusters(found)
    within = set().union(*(one.nodes for one in made))
    return _Found(made, {node.id: node for node in found.nodes if node.id in within})


def _nodes(of: Cluster, nodes: Mapping[str, Node], level: Level) -> set[str]:
    """Return the nodes of a level that members of a cluster are."""
    return {_node(nodes[each], level) for each in of.nodes}


def _node(node: Node, level: Level) -> str:
    if node.kind != "process":
        return node.id
    return node_of(level, node.id, {name: getattr(node, name) for name in KNOWN} | dict.fromkeys(OF_HOST, ""))


def _fields(one: Cluster) -> dict[str, Any]:
    return {
        "name": one.name,
        "kind": one.kind,
        "port": one.port,
        "leaders": [_title(member) for member in one.leaders],
        "members": [{"id": each.id, "title": _title(each), "role": each.role} for each in one.members],
        "evidence": one.evidence,
        "confidence": one.confidence,
    }


def _title(member: Member) -> str:
    return f"{member.title} on {member.hostname}" if member.hostname else member.title

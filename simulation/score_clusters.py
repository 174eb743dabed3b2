"""Recognised clusters beside the truth: services whose instances are peers, or instances of one store.

Clusters are inferred, so they are reported with a score and fail none.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from msgspec import Struct, field

from graph.clustering.cluster import Cluster
from graph.clustering.kinds import store_by_program
from graph.model import ServiceMap
from simulation.expected import Truth
from simulation.score import Share


class Member(NamedTuple):
    """An instance, whichever processes it had."""

    service: str
    instance: str
    host: str


Group = frozenset[Member]


class ClusterScore(Struct, kw_only=True):
    """How many clusters are right, and how many of the true ones are found: with all members, and no others."""

    precision: Share
    recall: Share
    wrong: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def score_clusters(truth: Truth, found: ServiceMap, clusters: Iterable[Cluster]) -> ClusterScore:
    """Compare the clusters that were recognised in a map of processes with the truth."""
    there = {node.id for node in found.nodes} & truth.ends.keys()
    members = {node: _member(truth, node) for node in there}
    shown = {frozenset(members[node] for node in one.nodes & there) for one in clusters} - {frozenset()}
    true = set(_true(truth, found, members))
    wrong, missing = shown - true, true - shown
    return ClusterScore(
        precision=Share(len(shown) - len(wrong), len(shown)),
        recall=Share(len(true) - len(missing), len(true)),
        wrong=sorted(map(_text, wrong)),
        missing=sorted(map(_text, missing)),
    )


def _true(truth: Truth, found: ServiceMap, members: dict[str, Member]) -> Iterable[Group]:
    """Return the instances of each service of peers, and of each store, that are on the map; two at least."""
    stores = {members[node.id].service for node in found.nodes if node.id in members and store_by_program(node)}
    peers = {
        members[key.client].service
        for key in truth.edges
        if key.client in members
        and key.server in members
        and members[key.client].service == members[key.server].service
    }
    groups: dict[str, set[Member]] = defaultdict(set)
    for member in members.values():
        if member.service in stores | peers:
            groups[member.service].add(member)
    return (frozenset(group) for group in groups.values() if len(group) > 1)


def _member(truth: Truth, node: str) -> Member:
    end = truth.ends[node]
    return Member(end.service, end.instance, end.host)


def _text(group: Group) -> str:
    return ", ".join(f"{member.instance}@{member.host}" for member in sorted(group))

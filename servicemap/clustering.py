"""`clusters`: print the clusters of a range, or the members of one."""

from collections.abc import Iterable

import click

from answers.clusters import CLUSTERS, ClustersAsked
from graph.clustering.cluster import Cluster
from schemas.text import shown
from servicemap.answering import ask, print_note
from servicemap.columns import aligned
from servicemap.config import Config
from servicemap.printing import print_json

HEADINGS = ("CLUSTER", "KIND", "PORT", "MEMBERS", "LEADER", "CLIENTS", "SURE")
OF_MEMBERS = ("MEMBER", "ROLE", "HOST", "SERVICE", "PROCESSES")
MOST_NAMED = 3  # hosts and clients in a cell


def run(config: Config, asked: ClustersAsked, *, as_json: bool) -> None:
    """Print the clusters of a range, or the members of one."""
    found = ask(config, CLUSTERS, asked).clusters
    if as_json:
        for one in found:
            print_json(one)
    elif asked.name:
        _print_members(found)
    elif found:
        click.echo(aligned(HEADINGS, [_cells(one) for one in found], right={2, 3, 6}), nl=False)


def _cells(one: Cluster) -> tuple[str, ...]:
    hosts = {member.hostname for member in one.members} - {""}
    apart = len(hosts) == len(one.members)
    leaders = _some(member.hostname if apart else member.title for member in one.leaders)
    cells = (one.name, one.kind, str(one.port or ""), str(len(one.members)), leaders, _some(one.clients))
    return (*map(shown, cells), f"{one.confidence:.0%}")


def _print_members(found: Iterable[Cluster]) -> None:
    for one in found:
        rows = [
            (member.title, member.role, member.hostname, member.service, str(len(member.nodes)))
            for member in one.members
        ]
        click.echo(aligned(OF_MEMBERS, [tuple(map(shown, row)) for row in rows], right={4}), nl=False)
        for sentence in (*one.evidence, f"clients: {_some(one.clients)}"):
            print_note(shown(sentence))


def _some(names: Iterable[str]) -> str:
    first, more = (every := list(names))[:MOST_NAMED], len(every) - MOST_NAMED
    return ", ".join([*first, *([f"{more} more"] if more > 0 else [])])

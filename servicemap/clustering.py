"""`clusters`: read a map of processes, and print the clusters in it."""

from collections.abc import Iterable

import click

from graph.clustering.cluster import Cluster
from graph.clusters import clusters
from graph.model import Wanted
from schemas.matching import unknown
from schemas.text import shown
from servicemap.columns import aligned
from servicemap.config import Config
from servicemap.mapping import print_note, read
from servicemap.options import NothingMatches
from servicemap.printing import print_json

HEADINGS = ("CLUSTER", "KIND", "PORT", "MEMBERS", "LEADER", "CLIENTS", "SURE")
OF_MEMBERS = ("MEMBER", "ROLE", "HOST", "SERVICE", "PROCESSES")
MOST_NAMED = 3  # hosts and clients in a cell


def run(config: Config, since: int | None, at: int | None, name: str, *, singles: bool, as_json: bool) -> None:
    """Print the clusters of a range, or the members of one. NothingMatches without a map, or without that one."""
    asked = read(config, since, at, Wanted(start=0, end=0, level="process"))
    if asked.reason:
        raise NothingMatches(asked.reason)
    found = clusters(asked.found, singles=singles or bool(name))
    if name:
        wanted = [one for one in found if one.name == name]
        if not wanted:
            raise NothingMatches(unknown("cluster", name, [one.name for one in found]))
        found = wanted
    if as_json:
        for one in found:
            print_json(one)
        return
    if not found:
        print_note(f"there are no clusters in the {asked.title}; --all adds stores of one instance")
    elif name:
        _print_members(found)
    else:
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

"""`impact`, `deps` and `path`: read a map, find the nodes that are meant, and print what reaches what."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import click

from graph.model import Node, Wanted
from graph.overlays import as_text, parse_wish, through
from graph.questions.finding import called
from graph.questions.paths import MOST, paths
from graph.questions.reach import Reached, dependencies, dependents
from graph.questions.wiring import Arrow, Wiring, wired
from schemas.matching import unknown
from schemas.text import shown
from servicemap.columns import aligned
from servicemap.config import Config
from servicemap.map_options import Drawing
from servicemap.map_text import labels
from servicemap.mapping import print_note, read
from servicemap.options import Failure, NothingMatches
from servicemap.printing import bytes_text, print_json

SAID = "OVERLAYS"  # added where anything is said of an arrow
HEADINGS = ("DEPTH", "NODE", "BY", "PORT", "CONNECTIONS", "REQUESTS", "BYTES")


class Drawn(NamedTuple):
    """A map as a graph, with what people are shown of it."""

    wiring: Wiring
    nodes: dict[str, Node]
    labels: dict[str, str]
    named: dict[str, list[str]]
    title: str

    def node(self, name: str) -> str:
        """Return the node of a name; NothingMatches with those that come near, Failure where several have it."""
        found = [node for node in self.named.get(name, []) if node in self.wiring]
        if not found:
            raise NothingMatches(unknown("node", name, {self.labels[node] for node in self.wiring}))
        if len(found) > 1:
            some = ", ".join(map(shown, found[:5]))
            raise Failure(f"{len(found)} nodes are called {shown(name)}: give the id of one, such as {some}")
        return found[0]

    def server_of(self, arrow: Arrow) -> str:
        """Return the server of an arrow and its ports, as people read them."""
        return f"{self.labels[arrow.server]} ({', '.join(map(shown, arrow.ports))})"


def drawn(config: Config, wanted: Drawing) -> Drawn:
    """Read the map of a range as a graph; NothingMatches if it is empty."""
    asked = read(config, wanted.since, wanted.at, Wanted(start=0, end=0, level=wanted.level))
    if asked.reason:
        raise NothingMatches(asked.reason)
    found = through(asked.found, parse_wish(wanted.overlay)) if wanted.overlay else asked.found
    shown_as = labels(found)
    nodes = {node.id: node for node in found.nodes}
    return Drawn(wired(found, collapse=wanted.collapse), nodes, shown_as, called(found, shown_as), asked.title)


def run(
    config: Config, wanted: Drawing, name: str, depth: int | None, which: Literal["impact", "deps"], *, as_json: bool
) -> None:
    """Print who depends on a node (impact), or what it depends on (deps)."""
    on = drawn(config, wanted)
    node = on.node(name)
    found = (dependents if which == "impact" else dependencies)(on.wiring, node, depth)
    if as_json:
        for one in found:
            print_json(_fields(on, one))
        return
    if not found:
        label = on.labels[node]
        nothing = f"nothing depends on {label}" if which == "impact" else f"{label} depends on nothing"
        print_note(f"{nothing}, in the {on.title}")
        return
    print_note(f"{len(found)} nodes, in the {on.title}")
    notes = [_notes(one) for one in found]
    cells = [(*_cells(on, one, which), *([note] if any(notes) else [])) for one, note in zip(found, notes, strict=True)]
    headings = (*HEADINGS, *([SAID] if any(notes) else []))
    click.echo(aligned(headings, cells, right=(0, 4, 5, 6)), nl=False)


def ways(config: Config, wanted: Drawing, client: str, server: str, *, as_json: bool) -> None:
    """Print the shortest ways between two nodes; NothingMatches where there is none."""
    on = drawn(config, wanted)
    ends = on.node(client), on.node(server)
    found = paths(on.wiring, *ends)
    if not found:
        back = "; there is a way back" if paths(on.wiring, *ends[::-1], most=1) else ""
        names = " to ".join(on.labels[end] for end in ends)
        raise NothingMatches(f"there is no way from {names} in the {on.title}{back}")
    for way in found:
        if as_json:
            print_json([arrow_fields(one) for one in way])
        else:
            click.echo(" → ".join([on.labels[ends[0]], *map(on.server_of, way)]))
    if len(found) == MOST:
        print_note(f"only {MOST} of the shortest ways are shown")


def _cells(on: Drawn, one: Reached, which: str) -> Sequence[str]:
    others = [arrow.server if which == "impact" else arrow.client for arrow in one.arrows]
    ports = dict.fromkeys(port for arrow in one.arrows for port in arrow.ports)
    return (
        str(one.depth),
        on.labels[one.node],
        some([on.labels[other] for other in others]),
        some([shown(port) for port in ports]),
        f"{sum(arrow.connections for arrow in one.arrows):,}",
        f"{sum(arrow.requests for arrow in one.arrows):,}",
        bytes_text(sum(arrow.bytes for arrow in one.arrows)),
    )


def _notes(one: Reached) -> str:
    """Return what overlays say of the arrows by which a node is reached."""
    said = (f"{name}={as_text(value)}" for arrow in one.arrows for name, value in annotations(arrow).items())
    return some([shown(each) for each in dict.fromkeys(said)])


def annotations(one: Arrow) -> dict[str, Any]:
    """Return what overlays say of the edges of an arrow."""
    return {name: value for edge in one.edges for name, value in edge.annotations.items()}


def some(names: Sequence[str]) -> str:
    """Return the first of some names, and how many more there are."""
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _fields(on: Drawn, one: Reached) -> dict[str, Any]:
    return {
        "node": one.node,
        "title": on.nodes[one.node].title,
        "depth": one.depth,
        "arrows": [arrow_fields(arrow) for arrow in one.arrows],
    }


def arrow_fields(one: Arrow) -> dict[str, Any]:
    """Return an arrow for programs."""
    return {
        "client": one.client,
        "server": one.server,
        "ports": list(one.ports),
        "through": list(one.through),
        "connections": one.connections,
        "requests": one.requests,
        "bytes": one.bytes,
        "annotations": annotations(one),
    }

"""The map of a range as a graph, and the nodes that names mean on it."""

from typing import Any, NamedTuple

from msgspec import Struct

from answers.asked import Drawing
from answers.faults import BadRequest, NotThere
from answers.mapped import Mapped, mapped
from graph.asking import Store
from graph.labels import labels
from graph.model import Node, Wanted
from graph.overlays import parse_wish, through
from graph.questions.finding import called
from graph.questions.wiring import Arrow, Wiring, wired
from schemas.matching import unknown
from schemas.text import shown


class Drawn(NamedTuple):
    """A map as a graph, with what people are shown of it."""

    wiring: Wiring
    nodes: dict[str, Node]
    labels: dict[str, str]
    named: dict[str, list[str]]
    of: Mapped

    def node(self, name: str) -> str:
        """Return the node of a name; NotThere with those that come near, BadRequest where several have it."""
        found = [node for node in self.named.get(name, []) if node in self.wiring]
        if not found:
            raise NotThere(unknown("node", name, {self.labels[node] for node in self.wiring}))
        if len(found) > 1:
            some = ", ".join(map(shown, found[:5]))
            raise BadRequest(f"{len(found)} nodes are called {shown(name)}: give the id of one, such as {some}")
        return found[0]

    def about(self, *notes: str) -> dict[str, Any]:
        """Return what every answer has of the map, with more sentences."""
        return self.of.about(*notes)

    def arrow(self, one: Arrow) -> "ArrowFields":
        """Return an arrow as it is answered."""
        return ArrowFields(
            client=one.client,
            client_label=self.labels[one.client],
            server=one.server,
            server_label=self.labels[one.server],
            ports=list(one.ports),
            through=list(one.through),
            connections=one.connections,
            requests=one.requests,
            bytes=one.bytes,
            annotations={name: value for edge in one.edges for name, value in edge.annotations.items()},
        )


class ArrowFields(Struct, kw_only=True):
    """All edges from a client to a server in the range: their ports, and what they carried.

    `through` are the intermediaries that they were drawn through, and `annotations` what overlays say of the edges.
    """

    client: str
    client_label: str
    server: str
    server_label: str
    ports: list[str]
    through: list[str]
    connections: int
    requests: int
    bytes: int
    annotations: dict[str, Any]


def drawn(store: Store, asked: Drawing, now: int) -> Drawn:
    """Read the map of a range as a graph; NotThere if it is empty."""
    asked.check()
    of = mapped(store, asked, Wanted(start=0, end=0, level=asked.level, filter=asked.filter), now)
    if of.reason:
        raise NotThere(of.reason)
    found = through(of.found, parse_wish(asked.overlay)) if asked.overlay else of.found
    shown_as = labels(found)
    nodes = {node.id: node for node in found.nodes}
    return Drawn(wired(found, collapse=asked.collapse), nodes, shown_as, called(found, shown_as), of)

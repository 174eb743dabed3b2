"""Annotations on a map: which nodes and edges each is about, and which of several stands.

Of the annotations of one overlay that hold at a time and select a node, the most specific stands: one by id before one
by conditions, more exact conditions before fewer, an exact one before one with a star, any before one of a level. Of
equally specific ones it is the one that holds since later, then the one that was written later.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec import structs

from graph.model import Edge, Node, ServiceMap
from graph.node_texts import Labels
from graph.selectors import BadSelector, Condition, Selector, parse_selector
from schemas.overlays import Annotation, word

_INDEXED = ("id", "service")


class Noted(NamedTuple):
    """An annotation with its target."""

    annotation: Annotation
    selector: Selector

    @property
    def precedence(self) -> tuple[Any, ...]:
        """Return by what one stands before another: the greater does."""
        return self.selector.rank, self.annotation.valid_from, word(self.annotation), self.annotation.target


def at_time(annotations: Iterable[Annotation], at: int) -> list[Noted]:
    """Return those that hold at a time, ms, the weakest first. What has no selector is about nothing."""
    found = []
    for one in annotations:
        if one.retracted or not one.holds(at):
            continue
        try:
            found.append(Noted(one, parse_selector(one.target)))
        except BadSelector:  # other programs write to the topic, too
            continue
    return sorted(found, key=lambda each: each.precedence)


def annotated(of: ServiceMap, noted: Sequence[Noted], labels: Labels) -> ServiceMap:
    """Return a map whose nodes and edges have their annotations."""
    if not noted:
        return of
    index = _Index(noted)
    nodes = {node.id: node for node in of.nodes}

    def of_node(node: Node) -> dict[str, Any]:
        return {
            each.annotation.overlay: each.annotation.value
            for each in index.about(node)
            if each.selector.selects(node, labels)
        }

    def of_edge(edge: Edge) -> dict[str, Any]:
        client, server = nodes[edge.client], nodes[edge.server]
        return {
            each.annotation.overlay: each.annotation.value
            for each in index.between(client)
            if each.selector.connects(client, server, edge, labels)
        }

    return structs.replace(
        of,
        nodes=[structs.replace(node, annotations=of_node(node)) for node in of.nodes],
        edges=[structs.replace(edge, annotations=of_edge(edge)) for edge in of.edges],
    )


class _Index:
    """Annotations by an exact id or service that they ask for, so that not each is tried on each node."""

    def __init__(self, noted: Sequence[Noted]) -> None:
        self._nodes: dict[tuple[str, str], list[tuple[int, Noted]]] = {}
        self._clients: dict[tuple[str, str], list[tuple[int, Noted]]] = {}
        for order, each in enumerate(noted):
            named = next((one for one in each.selector.node if one.field in _INDEXED and not one.stars), None)
            into = self._clients if each.selector.of_edges else self._nodes
            into.setdefault((named.field, named.value) if named else ("", ""), []).append((order, each))

    def about(self, node: Node) -> Iterator[Noted]:
        """Yield those that may be about a node, the weakest first."""
        return self._found(self._nodes, node)

    def between(self, client: Node) -> Iterator[Noted]:
        """Yield those that may be about edges of a client, the weakest first."""
        return self._found(self._clients, client)

    def _found(self, among: Mapping[tuple[str, str], list[tuple[int, Noted]]], node: Node) -> Iterator[Noted]:
        keys = (("", ""), ("id", node.id), ("service", node.service))
        found = [each for key in dict.fromkeys(keys) for each in among.get(key, ())]
        return (each for _, each in sorted(found, key=lambda one: one[0]))


class Wish(NamedTuple):
    """What is asked of annotations: that one is there, has a value, or has it not. Parts of values are behind dots."""

    name: str
    value: Condition | None = None
    has: bool = True

    def granted(self, annotations: Mapping[str, Any]) -> bool:
        """Return whether annotations have it."""
        found = part(annotations, self.name)
        if self.value is None:
            return found is not None and found is not False
        return self.value.meets([as_text(each) for each in (found if isinstance(found, list) else [found])]) is self.has


def parse_wish(text: str) -> Wish:
    """Read what is asked: owner, criticality=high, owner.team=pay*, essential!=false."""
    name, equals, value = text.partition("=")
    has, name, value = not name.endswith("!"), name.removesuffix("!").strip(), value.strip()
    return Wish(name, Condition(name, value, "*" in value), has) if equals else Wish(name)


def part(annotations: Mapping[str, Any], name: str) -> Any:
    """Return the value of an overlay, or a part of one: owner.team. Names of overlays may have dots themselves."""
    pieces = name.split(".")
    for count in range(len(pieces), 0, -1):
        overlay = ".".join(pieces[:count])
        if overlay in annotations:
            value = annotations[overlay]
            for piece in pieces[count:]:
                value = value.get(piece) if isinstance(value, dict) else None
            return value
    return None


def as_text(value: Any) -> str:
    """Write a value as people do: a text as it is, everything else as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def narrowed(of: ServiceMap, wish: Wish) -> ServiceMap:
    """Return the edges that have an annotation, themselves or at an end, their nodes, and nodes that have it."""
    granted = {node.id for node in of.nodes if wish.granted(node.annotations)}
    edges = [edge for edge in of.edges if {edge.client, edge.server} & granted or wish.granted(edge.annotations)]
    kept = granted | {end for edge in edges for end in (edge.client, edge.server)}
    return structs.replace(of, nodes=[node for node in of.nodes if node.id in kept], edges=edges)


def through(of: ServiceMap, wish: Wish) -> ServiceMap:
    """Return a map with all its nodes, and the edges that have an annotation themselves."""
    return structs.replace(of, edges=[edge for edge in of.edges if wish.granted(edge.annotations)])

"""What of a map a filter keeps: what it hits, the ends of edges, and what is around.

A term about nodes holds for an edge if it holds for an end of it. So -service:x keeps the edges of which no end is x. A
term about edges holds for no node, and with a minus for every one; such a node is kept only with an edge, or if it has
none at all.
"""

import operator
from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple

from msgspec import structs

from graph import counters
from graph.filters.fields import FIELDS, Named, Number, Text
from graph.filters.seen import Seen
from graph.filters.terms import AnyTerm, Compared, Ends, Filter, Term, Value, Word
from graph.filters.words import of_edge, of_node
from graph.model import Edge, Node, ServiceMap
from graph.node_texts import Texts
from graph.requests import Key, key
from graph.selectors import like

_COMPARE = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}
OfNode = Callable[[Node], bool]
OfEdge = Callable[[Edge], bool]


class Kept(NamedTuple):
    """The nodes and edges that a filter keeps, by ids and keys, and those of them that it hits."""

    nodes: frozenset[str]
    edges: frozenset[Key]
    hit_nodes: frozenset[str]
    hit_edges: frozenset[Key]


def kept(seen: Seen, by: Filter) -> Kept:
    """Find what a filter keeps of a map."""
    tests = [_test(term, seen) for term in by.terms]
    nodes = {node.id for node in seen.map.nodes if all(node.id in test.nodes for test in tests)}
    edges = [edge for edge in seen.map.edges if all(test.edge(edge) for test in tests)]
    if by.top:
        edges = sorted(edges, key=lambda edge: (-counters.moved(edge.counters), key(edge)))[: by.top]
    ends = _ends(edges)
    if by.top:
        nodes &= ends
    elif not any(_names_nodes(term) for term in by.terms):
        nodes -= _ends(seen.map.edges) - ends
    hits = frozenset(nodes), frozenset(map(key, edges))
    left_out = [test for test, term in zip(tests, by.terms, strict=True) if term.negated]
    apart = _ends(edge for edge in edges if edge.client not in nodes and edge.server not in nodes)
    reached = _around(nodes | apart, edges, _without(seen.map, left_out), by.around)
    return Kept(frozenset(_ends(reached) | nodes), frozenset(map(key, reached)), *hits)


def filtered(seen: Seen, by: Filter) -> ServiceMap:
    """Return the part of a map that a filter keeps."""
    found = kept(seen, by)
    return structs.replace(
        seen.map,
        nodes=[node for node in seen.map.nodes if node.id in found.nodes],
        edges=[edge for edge in seen.map.edges if key(edge) in found.edges],
    )


class _Test(NamedTuple):
    """The nodes for which a term holds, and how to see whether it holds for an edge."""

    nodes: Collection[str]
    edge: OfEdge


def _test(term: AnyTerm, seen: Seen) -> _Test:
    on_node, on_edge = _tests(term, seen)
    nodes = {node.id for node in seen.map.nodes if on_node and on_node(node)}

    def holds(edge: Edge) -> bool:
        # What is of edges alone is theirs; all else is what an end is, too, unless an edge has it itself.
        own = on_edge(edge) if on_edge else False
        return own or (_by_ends(term) and (edge.client in nodes or edge.server in nodes))

    if not term.negated:
        return _Test(nodes, holds)
    return _Test({node.id for node in seen.map.nodes} - nodes, lambda edge: not holds(edge))


def _by_ends(term: AnyTerm) -> bool:
    """Return whether a term holds for an edge if it holds for one of its ends."""
    if isinstance(term, Ends):
        return not term.selector.of_edges
    if isinstance(term, Term) and isinstance(field := FIELDS[_field(term)], Text):
        return field.edge is None
    return not isinstance(term, Compared)


def _names_nodes(term: AnyTerm) -> bool:
    """Return whether a node may be a hit by a term itself."""
    if term.negated or isinstance(term, Compared):
        return False
    if isinstance(term, Term) and isinstance(field := FIELDS[_field(term)], Text):
        return field.node is not None
    return True


def _tests(term: AnyTerm, seen: Seen) -> tuple[OfNode | None, OfEdge | None]:
    match term:
        case Compared():
            return None, _compared(term)
        case Word():
            one = [term.value._replace(text=f"*{term.value.text}*", stars=True)]
            within = term.value.text.casefold()
            if not term.value.stars:
                return lambda node: within in of_node(node, seen), lambda edge: within in of_edge(edge)
            return lambda node: meets(one, [of_node(node, seen)]), lambda edge: meets(one, [of_edge(edge)])
        case Ends():
            selector, labels = term.selector, seen.labels
            if not selector.of_edges:
                return lambda node: selector.selects(node, labels), None
            return None, lambda edge: selector.connects(seen.client(edge), seen.server(edge), edge, labels)
    field, values = FIELDS[_field(term)], term.values
    if isinstance(field, Named):
        of, on_node, on_edge = term.field.partition(".")[2], field.node, field.edge
        return (
            lambda node: meets(values, on_node(node, seen, of)),
            (lambda edge: meets(values, on_edge(edge, of))) if on_edge else None,
        )
    assert isinstance(field, Text)
    node, edge = field.node, field.edge
    return (
        (lambda one: meets(values, node(one, seen))) if node else None,
        (lambda one: meets(values, edge(one, seen))) if edge else None,
    )


def _field(term: Term) -> str:
    return term.field.partition(".")[0]


def _compared(term: Compared) -> OfEdge:
    field, compare, bound = FIELDS[term.field], _COMPARE[term.op], term.bound
    assert isinstance(field, Number)
    read = field.edge

    def holds(edge: Edge) -> bool:
        found = read(edge)
        return found is not None and bool(compare(found, bound))

    return holds


def meets(values: Iterable[Value], texts: Texts) -> bool:
    """Return whether one of some texts is one of some values, in any case; without values whether there is a text."""
    there = [text.casefold() for text in texts if text]
    wanted = [(value.text.casefold(), value.stars) for value in values]
    if not wanted:
        return bool(there)
    return any(like(value, text) if stars else value == text for value, stars in wanted for text in there)


def _ends(edges: Iterable[Edge]) -> set[str]:
    return {end for edge in edges for end in (edge.client, edge.server)}


def _without(of: ServiceMap, left_out: list[_Test]) -> list[Edge]:
    """Return the edges that no term with a minus leaves out."""
    return [edge for edge in of.edges if all(test.edge(edge) for test in left_out)]


def _around(nodes: set[str], edges: list[Edge], among: list[Edge], steps: int) -> list[Edge]:
    """Return edges, and those that lead on from some nodes, so many steps."""
    found = {key(edge): edge for edge in edges}
    for _ in range(steps):
        found |= {key(edge): edge for edge in among if edge.client in nodes or edge.server in nodes}
        nodes = nodes | _ends(found.values())
    return list(found.values())

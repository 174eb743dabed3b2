"""A map in Graphviz's language (graphviz.org/doc/info/lang.html)."""

from collections.abc import Iterator

from graph.labels import labels, printable
from graph.model import Edge, Node, ServiceMap
from graph.sampled import about, looked_at
from servicemap.exports.fields import CHANGE
from servicemap.map_text import errors, sampling

_SHAPES = {
    "container": "box3d",
    "pod": "component",
    "namespace": "folder",
    "host": "house",
    "link": "cds",
    "address": "ellipse",
}
_COLOURS = {"warn": "orange", "bad": "red"}
_CHANGES = {
    "appeared": ", color=purple, penwidth=2",
    "vanished": ", style=dotted, color=gray",
    "changed": ", color=blue, penwidth=2",
    "unseen": ", style=dotted, color=gray",
}


def text(found: ServiceMap) -> str:
    """Return a map as a directed graph. The name of a node is its id, and its label is that of the table."""
    return "\n".join(["digraph servicemap {", *(f"  {line}" for line in _lines(found)), "}", ""])


def _lines(found: ServiceMap) -> Iterator[str]:
    yield f"label={_quoted(f'{found.level}, {found.start} to {found.end}')};"
    yield "rankdir=LR;"
    titles = labels(found)
    for node in found.nodes:
        label, tip = _quoted(titles[node.id]), _quoted(node.cmdline or node.id)
        shape = _SHAPES.get(node.kind, "box")
        yield f"{_quoted(node.id)} [label={label}, tooltip={tip}, shape={shape}{_change(node)}];"
    for edge in found.edges:
        label = _quoted("  ".join([edge.port, *_http(edge)]))
        style = ", style=dashed" if not edge.connections_active else ""
        colour = _COLOURS.get(edge.health, "")
        colour = f", color={colour}, fontcolor={colour}" if colour else ""
        yield f"{_quoted(edge.client)} -> {_quoted(edge.server)} [label={label}{style}{colour}{_change(edge)}];"


def _change(one: Node | Edge) -> str:
    return _CHANGES.get(one.annotations.get(CHANGE, ""), "")


def _http(edge: Edge) -> Iterator[str]:
    if edge.requests:
        of = sampling(edge)
        yield about(f"{edge.requests / edge.recorded_s:.1f} req/s", of)
        if edge.errors:
            yield about(f"{errors(edge)} errors", of)
        if of > 1:
            yield looked_at(of)


def _quoted(text: str) -> str:
    """Quote a string. A label has escapes (\\N, \\G, \\l), so backslashes are doubled."""
    escaped = printable(text.replace("\n", " ")).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'

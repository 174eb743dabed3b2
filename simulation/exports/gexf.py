"""GEXF 1.3: the graph of instances over time. Each node and edge has a spell for each stretch in which it was there."""

from collections.abc import Sequence
from io import TextIOBase

from simulation.exports.attributes import EDGE, NODE, OfEdge, OfNode
from simulation.exports.markup import Markup
from simulation.exports.moments import day, iso
from simulation.history import History, Life

_SPACE = "http://gexf.net/1.3"
_SCHEMA = {
    "xmlns": _SPACE,
    "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "xsi:schemaLocation": f"{_SPACE} {_SPACE}/gexf.xsd",
    "version": "1.3",
}


def write(history: History, out: TextIOBase) -> None:
    """Write all instances, and all pairs of them that ever talked, with their times."""
    xml = Markup(out)
    ids = {name: f"n{number}" for number, name in enumerate(history.vertices)}
    of_graph = {"defaultedgetype": "directed", "mode": "dynamic", "timeformat": "dateTime"}
    with xml.inside("gexf", **_SCHEMA):
        with xml.inside("meta", lastmodifieddate=day(history.end_ms)):
            xml.element("creator", "servicemap")
            xml.element("description", history.architecture.name)
        with xml.inside("graph", **of_graph):
            _declare(xml, "node", [(node, "string") for node in NODE])
            _declare(xml, "edge", [(edge, edge.type) for edge in EDGE])
            with xml.inside("nodes"):
                for vertex in history.vertices.values():
                    with xml.inside("node", id=ids[vertex.name], label=vertex.name):
                        _values(xml, [node.of(vertex) for node in NODE])
                        _spells(xml, vertex.lives)
            with xml.inside("edges"):
                for number, arc in enumerate(history.arcs.values()):
                    ends = {"source": ids[arc.pair.source], "target": ids[arc.pair.target]}
                    with xml.inside("edge", id=f"e{number}", **ends):
                        _values(xml, [edge.of(arc) for edge in EDGE])
                        _spells(xml, arc.lives)


def _declare(xml: Markup, of: str, attributes: Sequence[tuple[OfNode | OfEdge, str]]) -> None:
    with xml.inside("attributes", class_=of):
        for number, (attribute, kind) in enumerate(attributes):
            xml.element("attribute", id=number, title=attribute.name, type=kind)


def _values(xml: Markup, values: Sequence[str | int]) -> None:
    with xml.inside("attvalues"):
        for number, value in enumerate(values):
            xml.element("attvalue", for_=number, value=value)


def _spells(xml: Markup, lives: Sequence[Life]) -> None:
    with xml.inside("spells"):
        for life in lives:
            ends = {} if life.end_ms is None else {"end": iso(life.end_ms)}
            xml.element("spell", start=iso(life.start_ms), **ends)

"""GraphML 1.0: the graph of instances. Ids are names of XML, so the names of instances are attributes."""

from io import TextIOBase

from simulation.exports.attributes import EDGE, NODE
from simulation.exports.markup import Markup
from simulation.history import History

_SPACE = "http://graphml.graphdrawing.org/xmlns"
_SCHEMA = {
    "xmlns": _SPACE,
    "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "xsi:schemaLocation": f"{_SPACE} {_SPACE}/1.0/graphml.xsd",
}


def write(history: History, out: TextIOBase) -> None:
    """Write all instances, and all pairs of them that ever talked."""
    xml = Markup(out)
    ids = {name: f"n{number}" for number, name in enumerate(history.vertices)}
    with xml.inside("graphml", **_SCHEMA):
        _key(xml, "node", "name", "string")
        for node in NODE:
            _key(xml, "node", node.name, "string")
        for edge in EDGE:
            _key(xml, "edge", edge.name, edge.type)
        with xml.inside("graph", id="G", edgedefault="directed"):
            for vertex in history.vertices.values():
                with xml.inside("node", id=ids[vertex.name]):
                    xml.element("data", vertex.name, key="node-name")
                    for node in NODE:
                        xml.element("data", node.of(vertex), key=f"node-{node.name}")
            for number, arc in enumerate(history.arcs.values()):
                with xml.inside("edge", id=f"e{number}", source=ids[arc.pair.source], target=ids[arc.pair.target]):
                    for edge in EDGE:
                        xml.element("data", str(edge.of(arc)), key=f"edge-{edge.name}")


def _key(xml: Markup, of: str, name: str, kind: str) -> None:
    xml.element("key", **{"id": f"{of}-{name}", "for": of, "attr.name": name, "attr.type": kind})

"""A flowchart of Mermaid (mermaid.js.org), which many pages of Markdown draw."""

from collections.abc import Iterator

from graph.labels import labels, printable
from graph.model import ServiceMap

_CLASSES = {"warn": "stroke:#b45309,stroke-width:3px", "bad": "stroke:#b91c1c,stroke-width:3px"}


def text(found: ServiceMap) -> str:
    """Return a map as a flowchart; edges that are not well are coloured."""
    return "\n".join(["flowchart LR", *(f"  {line}" for line in _lines(found)), ""])


def label_of(name: str) -> str:
    """Return a name as a label: in quotes, with entities for what would end or change it."""
    entities = {"&": "&amp;", '"': "&quot;", "<": "&lt;", ">": "&gt;", "`": "&#96;"}
    return '"' + "".join(entities.get(letter, letter) for letter in printable(name)) + '"'


def _lines(found: ServiceMap) -> Iterator[str]:
    shown = labels(found)
    numbers = {node.id: f"n{number}" for number, node in enumerate(found.nodes)}
    for node in found.nodes:
        yield f"{numbers[node.id]}[{label_of(shown[node.id])}]"
    for edge in found.edges:
        yield f"{numbers[edge.client]} -->|{label_of(edge.port)}| {numbers[edge.server]}"
    for number, edge in enumerate(found.edges):
        if edge.health in _CLASSES:
            yield f"linkStyle {number} {_CLASSES[edge.health]}"

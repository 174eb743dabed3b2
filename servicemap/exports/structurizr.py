"""A workspace in Structurizr's DSL (docs.structurizr.com/dsl): a model of the C4 kind, to go on drawing from."""

from collections.abc import Iterator

from graph.labels import labels, printable
from graph.model import ServiceMap

_ELEMENTS = {"address": "person"}  # what is known only by its address is outside; all else is a software system


def text(found: ServiceMap) -> str:
    """Return a map as a workspace with one landscape view."""
    lines = [
        f"workspace {_quoted(f'{found.level}, {found.start} to {found.end}')} {{",
        "  model {",
        *(f"    {line}" for line in _model(found)),
        "  }",
        "  views {",
        "    systemLandscape {",
        "      include *",
        "      autoLayout lr",
        "    }",
        "  }",
        "}",
        "",
    ]
    return "\n".join(lines)


def _model(found: ServiceMap) -> Iterator[str]:
    shown = _distinct(labels(found))
    names = {node.id: f"n{number}" for number, node in enumerate(found.nodes)}
    for node in found.nodes:
        kind = _ELEMENTS.get(node.kind, "softwareSystem")
        yield f"{names[node.id]} = {kind} {_quoted(shown[node.id])} {_quoted(node.id)}"
    seen: set[tuple[str, str, str]] = set()
    for edge in found.edges:
        ends = (edge.client, edge.server, edge.port)
        if edge.self_loop or ends in seen:  # the language refuses both
            continue
        seen.add(ends)
        technology = f" {_quoted(edge.protocol)}" if edge.protocol else ""
        yield f"{names[edge.client]} -> {names[edge.server]} {_quoted(edge.port)}{technology}"


def _distinct(shown: dict[str, str]) -> dict[str, str]:
    """Return labels of which no two are the same, as the language demands: later ones get the id."""
    taken: set[str] = set()
    found = {}
    for node, label in shown.items():
        found[node] = f"{label} ({node})" if label in taken else label
        taken.add(found[node])
    return found


def _quoted(name: str) -> str:
    return '"' + printable(name).replace("\\", "\\\\").replace('"', '\\"') + '"'

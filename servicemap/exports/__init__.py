"""A map in the formats of other programs: each is a module here with a function `text` of a map."""

from collections.abc import Callable
from importlib import import_module

from graph.model import ServiceMap

FORMATS = ("dot", "graphml", "gexf", "json", "csv", "mermaid", "structurizr")


def text_of(form: str) -> Callable[[ServiceMap], str]:
    """Return what writes a map in a format."""
    made: Callable[[ServiceMap], str] = import_module(f"servicemap.exports.{form}").text
    return made

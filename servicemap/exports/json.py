"""A map as `servicemap map --json` prints it."""

from graph.model import ServiceMap
from servicemap.printing import json_text


def text(found: ServiceMap) -> str:
    """Return a map as one JSON object."""
    return json_text(found.as_fields()) + "\n"

"""Edges as they are answered: with their counters as fields of their own, as `map --json` has them."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from graph.counters import NAMES
from graph.model import Edge

EDGE = "Edge"
PLACE = "#/components/schemas/{name}"  # of a record in a document
EdgeFields = Annotated[dict[str, Any], Meta(extra_json_schema={"$ref": PLACE.format(name=EDGE)})]


def edge_schema() -> dict[str, Any]:
    """Return the JSON Schema of the fields of an edge."""
    found: dict[str, Any] = msgspec.json.schema(Edge)["$defs"][EDGE]
    counters = {name: {"type": ["integer", "null"]} for name in NAMES}
    properties = {name: one for name, one in found["properties"].items() if name != "counters"} | counters
    required = [name for name in found["required"] if name != "counters"]
    return {**found, "properties": properties, "required": [*required, *counters]}

"""Grafana's own JSON Schemas of the classic dashboard and of the node graph's options, where they are at hand.

They are of grafana/grafana-foundation-sdk (folder jsonschema, Apache-2.0), and not copied into this repository: they
are looked for in GRAFANA_SCHEMAS, else beside the checkout. The SDK writes a field of any type as an object, which is
mended here.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator

Json = dict[str, Any]
BESIDE = Path(__file__).parents[3] / "shared" / "reference" / "grafana-schema"
_ANY_AS_WRITTEN = {"type": "object", "additionalProperties": {}}


def folder() -> Path | None:
    """Return where the schemas are; None where they are not."""
    found = Path(os.environ.get("GRAFANA_SCHEMAS", BESIDE))
    return found if (found / "dashboard.jsonschema.json").is_file() else None


def problems(board: Json, schemas: Path) -> Iterator[str]:
    """Yield what Grafana's schemas hold against a dashboard. Panels are looked at one by one: that shows more."""
    dashboard = _mended(json.loads((schemas / "dashboard.jsonschema.json").read_text()))
    node_graph = json.loads((schemas / "nodegraph.jsonschema.json").read_text())
    node_graph["definitions"]["Options"]["properties"]["layoutAlgorithm"] = {"enum": ["layered", "force", "grid"]}
    yield from _against(dashboard, "Dashboard", {**board, "panels": []})
    for panel in board["panels"]:
        yield from _against(dashboard, "RowPanel" if panel["type"] == "row" else "Panel", panel)
        if panel["type"] == "nodeGraph":
            yield from _against(node_graph, "Options", panel["options"])


def _against(schema: Json, name: str, value: Json) -> Iterator[str]:
    validator = Draft7Validator({**schema, "$ref": f"#/definitions/{name}"})
    for error in validator.iter_errors(value):
        yield f"{value.get('title', name)}: {error.json_path}: {error.message}"


def _mended(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_mended(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if {key: value for key, value in schema.items() if key != "description"} == _ANY_AS_WRITTEN:
        return {}
    mended = {key: _mended(value) for key, value in schema.items()}
    if {} in mended.get("oneOf", []):
        mended["anyOf"] = mended.pop("oneOf")
    return mended

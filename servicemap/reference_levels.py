"""The levels and the kinds of infrastructure as the page knows them: a module of JavaScript."""

import json
from collections.abc import Mapping

from graph.infrastructure import LABELS
from graph.levels import LEVELS


def module() -> str:
    """Return the names of the levels, and what people call their nodes; and those of the kinds of infrastructure."""
    levels = _object("LEVEL_NAMES", {name: level.label for name, level in LEVELS.items()})
    kinds = _object("INFRASTRUCTURE", LABELS)
    return f"// Generated from graph/levels.py and graph/infrastructure.py by `make golden`.\n\n{levels}\n{kinds}"


def _object(name: str, of: Mapping[str, str]) -> str:
    fields = "".join(f"  {key}: {json.dumps(value)},\n" for key, value in of.items())
    return f"export const {name} = {{\n{fields}}};\n"

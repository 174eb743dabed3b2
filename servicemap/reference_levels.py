"""The levels as the page knows them: a module of JavaScript."""

import json

from graph.levels import LEVELS


def module() -> str:
    """Return the names of the levels, and what people call their nodes."""
    names = "".join(f"  {name}: {json.dumps(level.label)},\n" for name, level in LEVELS.items())
    return f"// Generated from graph/levels.py by `make golden`.\n\nexport const LEVEL_NAMES = {{\n{names}}};\n"

"""What is wrong with a parameter, as people say it: from its JSON Schema, and from what msgspec found."""

import re
from collections.abc import Mapping
from typing import Any

from schemas.matching import either, near, unknown
from schemas.text import shown

_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(.*)`")


def sentence(found: str, values: Mapping[str, Any], schemas: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a sentence that names the parameter and what can be given; `schemas` are those of the parameters."""
    if match := _UNKNOWN.fullmatch(found):
        return unknown("parameter", match[1], list(schemas))
    if match := _MISSING.fullmatch(found):
        return f"{match[1]} must be given. {schemas[match[1]].get('description', '')}".rstrip()
    what, _, where = found.partition(" - at `$.")
    name = where.rstrip("`")
    if name not in schemas:
        return found
    return f"{name}: {_wanted(name, values.get(name), schemas[name]) or what}"


def _wanted(name: str, value: object, schema: Mapping[str, Any]) -> str:
    if choices := [one for one in schema.get("enum", ()) if one]:
        meant = near(str(value), choices)
        return f"{shown(str(value))} is none of them: {'did you mean' if meant else 'give'} {either(meant or choices)}"
    match schema.get("type"):
        case "integer":
            least, most = schema.get("minimum"), schema.get("maximum")
            limits = "".join([f" of at least {least:,}" if least else "", f", at most {most:,}" if most else ""])
            return f"give a whole number{limits}, not {shown(str(value))}"
        case "boolean":
            return f"give true or false, not {shown(str(value))}"
        case "string" if isinstance(value, str) and "maxLength" in schema and len(value) > schema["maxLength"]:
            return f"give at most {schema['maxLength']:,} characters; these are {len(value):,}"
        case "string" if not value:
            return f"it is empty. {schema.get('description', '')}".rstrip()
    return ""

"""Values of overlays against their JSON Schemas. What is wrong is one sentence; nothing is fetched from anywhere."""

from functools import lru_cache
from typing import Any

import msgspec
from jsonschema import Draft202012Validator, SchemaError
from jsonschema.exceptions import best_match
from referencing import Registry
from referencing.exceptions import Unresolvable

from schemas.text import cut, shown

LONGEST = 64 << 10  # bytes of a value, or of a schema
_MOST = 200  # characters of a library's sentence, which repeats values


class Refused(ValueError):
    """What cannot be written, with the reason as one sentence."""


def check_schema(overlay: str, schema: dict[str, Any]) -> None:
    """Refuse what is no JSON Schema."""
    _check_size(f"the schema of {overlay}", schema)
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise Refused(f"the schema of {overlay} is no JSON Schema: {_place(error)}{_sentence(error.message)}") from None
    except RecursionError:
        raise Refused(f"the schema of {overlay} is nested too deeply") from None


def check_value(overlay: str, schema: dict[str, Any], value: Any, target: str) -> None:
    """Refuse a value that breaks the schema of its overlay."""
    what = f"{overlay} of {shown(target)}"
    _check_size(what, value)
    try:
        error = best_match(_validator(msgspec.json.encode(schema)).iter_errors(value))
    except (Unresolvable, RecursionError) as error:
        raise Refused(f"the schema of {overlay} cannot be used: {_sentence(str(error))}") from None
    if error is not None:
        raise Refused(f"{what} breaks its schema: {_place(error)}{_sentence(error.message)}")


@lru_cache(maxsize=64)
def _validator(schema: bytes) -> Draft202012Validator:
    return Draft202012Validator(msgspec.json.decode(schema), registry=Registry())  # an empty one: no $ref is fetched


def _check_size(what: str, value: Any) -> None:
    size = len(msgspec.json.encode(value))
    if size > LONGEST:
        raise Refused(f"{what} has {size:,} bytes, more than the {LONGEST:,} that are kept")


def _place(error: Any) -> str:
    where = ".".join(map(str, error.absolute_path))
    return f"at {shown(cut(where, _MOST))}, " if where else ""


def _sentence(text: str) -> str:
    return cut(shown(" ".join(text.split())), _MOST)

"""Plain data as YAML text: JSON scalars, which YAML reads as well, and a text of several lines as a block."""

import json
from collections.abc import Iterator
from typing import Any

_STEP = "  "


def as_yaml(value: dict[str, Any]) -> str:
    """Write a document whose keys are plain words."""
    return "".join(f"{line}\n" for line in _lines(value))


def _lines(value: Any) -> Iterator[str]:
    """Yield the lines of a filled dict or list."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _entry(f"{key}:", inner, _STEP)
    else:
        for inner in value:
            head, *rest = _lines(inner) if _nests(inner) else _entry("", inner, _STEP)
            yield f"- {head.removeprefix(' ')}"
            yield from (f"{_STEP}{line}" for line in rest)


def _entry(key: str, value: Any, indent: str) -> Iterator[str]:
    if _nests(value):
        yield key
        yield from (f"{indent}{line}" for line in _lines(value))
    elif isinstance(value, str) and _is_block(value):
        yield f"{key} |-"
        yield from (f"{indent}{line}" if line else "" for line in value.split("\n"))
    else:
        yield f"{key} {json.dumps(value, ensure_ascii=False)}"


def _nests(value: Any) -> bool:
    return isinstance(value, dict | list) and bool(value)


def _is_block(text: str) -> bool:
    """Return whether a block means exactly this text: YAML trims a block's ends, and prints no control characters."""
    lines = text.split("\n")
    return (
        len(lines) > 1
        and all(map(str.isprintable, lines))
        and lines[0][:1] not in {"", " "}
        and lines[-1].strip() != ""
    )

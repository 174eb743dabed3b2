"""The reference page of the questions that programs ask."""

import inspect
from collections.abc import Iterator
from typing import Any

from answers.all import QUESTIONS
from answers.question import AnyQuestion
from answers.reading import parameters, required
from view.questions import LIMITS, PATH

_HEAD = """# Questions

What programs ask over HTTP ([how to](../howto/api.md)), and AI agents as tools ([how to](../howto/mcp.md)). The fields
of the answers are in `/api/openapi.json`.

This page is generated from the code by `make golden`.
"""


def page() -> str:
    """Return the page, in Markdown."""
    return "\n".join([_HEAD, *(line for one in QUESTIONS.values() for line in _section(one))])


def _section(one: AnyQuestion) -> Iterator[str]:
    yield f"## {one.name}\n"
    yield f"{one.about}\n"
    yield f"`GET {PATH.format(name=one.name)}` answers with: {_sentence(inspect.getdoc(one.gives))}\n"
    yield "| parameter | value | meaning |"
    yield "|---|---|---|"
    needed = required(one)
    for name, schema in parameters(one, LIMITS).items():
        called = f"**`{name}`**" if name in needed else f"`{name}`"
        yield f"| {called} | {_value(schema)} | {schema.get('description', '')} |"
    yield ""


def _sentence(text: str | None) -> str:
    first = (text or "").partition("\n")[0]
    return first[:1].lower() + first[1:]


def _value(schema: dict[str, Any]) -> str:
    known = [f"`{each}`" for each in schema.get("enum", ()) if each] or [schema.get("type", "")]
    default = schema.get("default")
    return ", ".join(known) + (f"; `{default}` by default" if default not in (None, "", False) else "")

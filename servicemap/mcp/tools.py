"""The tools: a question each, and SQL. An answer is one text of JSON, and never longer than a few thousand words."""

import asyncio
import inspect
import time
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from mcp_types import CallToolResult, TextContent, Tool, ToolAnnotations

from answers.all import QUESTIONS
from answers.asking import request
from answers.faults import BadRequest, NothingStored, NotThere
from answers.question import AnyQuestion
from answers.reading import Limits, parameters, properties, read, required
from schemas.matching import unknown
from servicemap.config import Config
from servicemap.mcp import statements
from servicemap.options import Failure
from sinks.store import StoreError
from view.stores import Stores

LIMITS = Limits(rows=20, most_rows=200, most_bytes=40_000)
SECONDS = 60  # for an answer
INSTRUCTIONS = (
    "servicemap knows who really talks to whom on these machines, now and at any past time. Begin with `map` for an"
    " overview, with `why` for trouble, and with `nodes` to find what something is called. Nodes are named as on the"
    " map, or by id. Times: 10m (ago), 12:00, 2026-05-01T12:00Z; without any, an answer is about the last minute. Not"
    " seen is not the same as zero: `notes` say what is missing. Rows come in pages, with a cursor in `next`. Nothing"
    " can be changed."
)
_HINTS = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)


class Tools(NamedTuple):
    """The tools over one store."""

    config: Config
    stores: Stores

    def listed(self) -> list[Tool]:
        """Return what each tool does and takes."""
        return list(_tools())

    async def call(self, name: str, given: Mapping[str, Any]) -> CallToolResult:
        """Answer a call. What keeps it from an answer is one sentence, and marked as an error."""
        try:
            async with asyncio.timeout(SECONDS):
                return _text(await self._answer(name, given))
        except TimeoutError:
            return _text(f"the answer took longer than {SECONDS} s: ask for a shorter range", wrong=True)
        except Failure as error:
            return _text(error.format_message(), wrong=True)
        except (BadRequest, NotThere, NothingStored, StoreError) as error:
            return _text(str(error), wrong=True)

    async def _answer(self, name: str, given: Mapping[str, Any]) -> str:
        now = time.time_ns() // 1_000_000
        if name == statements.NAME:
            asked = read(given, statements.SqlAsked, now)
            return await asyncio.to_thread(statements.rows_of, self.config, asked, LIMITS.most_bytes)
        if name not in QUESTIONS:
            raise NotThere(unknown("tool", name, [*QUESTIONS, statements.NAME]))
        found = request(QUESTIONS[name], given, now, LIMITS)
        return (await self.stores.ask(lambda store: found.page(store, now))).decode()


def _tools() -> Iterator[Tool]:
    for name, question in QUESTIONS.items():
        yield _tool(name, _about(question), parameters(question, LIMITS), required(question))
    of_sql = properties(statements.SqlAsked)
    yield _tool(statements.NAME, statements.ABOUT, of_sql, ["statement"])


def _tool(name: str, about: str, takes: dict[str, Any], needed: list[str]) -> Tool:
    schema = {"type": "object", "properties": takes, "required": needed, "additionalProperties": False}
    return Tool(name=name, description=about, input_schema=schema, annotations=_HINTS)


def _about(question: AnyQuestion) -> str:
    """Return what a question is, and what it is answered with."""
    gives = (inspect.getdoc(question.gives) or "").partition("\n")[0]
    return f"{question.about} The answer: {gives[:1].lower()}{gives[1:]}"


def _text(text: str, *, wrong: bool = False) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=text)], is_error=wrong)

"""The routes of the questions: each is a path, and its parameters are those of the query."""

import asyncio
import time

from aiohttp import web

from answers.all import QUESTIONS
from answers.asking import request
from answers.reading import Limits
from view.answers import Answers
from view.stores import Stores

PATH = "/api/v1/{name}"
LIMITS = Limits(rows=1_000, most_rows=10_000, most_bytes=16 << 20)
SECONDS = 60  # for an answer
SLOW = f"the answer took longer than {SECONDS} s: ask for a shorter range"


class QuestionApi:
    """The handlers, over one store. `distant` compresses the answers, for readers on other machines."""

    def __init__(self, stores: Stores, *, distant: bool) -> None:
        self._stores = stores
        self._distant = distant
        self._answers = Answers()

    def routes(self) -> list[web.RouteDef]:
        """Return the paths and their handlers."""
        return [web.get(PATH.format(name=name), self._answer) for name in QUESTIONS]

    async def _answer(self, asked: web.Request) -> web.Response:
        now = time.time_ns() // 1_000_000
        found = request(QUESTIONS[asked.path.rpartition("/")[2]], dict(asked.query), now, LIMITS)

        async def page() -> bytes:
            return await self._stores.ask(lambda store: found.page(store, now))

        try:
            async with asyncio.timeout(SECONDS):
                body = await self._answers.get(asked.path_qs, page)
        except TimeoutError:
            raise web.HTTPGatewayTimeout(reason=SLOW) from None
        headers = {"Cache-Control": "no-store"}
        response = web.Response(body=body, content_type="application/json", headers=headers)
        if self._distant:
            response.enable_compression()
        return response

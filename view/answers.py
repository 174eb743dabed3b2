"""Answers: those that several pages request at once are made once, and abandoned when nobody waits for them."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

FRESH_SECONDS = 1.0
MOST = 32
MOST_WORKING = 16  # different requests at once; the store gets four at a time


class Busy(Exception):
    """There are too many requests at once; the message is one sentence."""


class Answers:
    """Answers by their requests, kept for a second or until something newer is stored."""

    def __init__(self) -> None:
        self._answers: dict[str, asyncio.Future[bytes]] = {}
        self._waiting: Counter[asyncio.Future[bytes]] = Counter()
        self._working = 0

    async def get(self, asked: str, work: Callable[[], Coroutine[Any, Any, bytes]]) -> bytes:
        """Return the answer to a request. While it is made, later calls wait for the same one."""
        found = self._answers.get(asked)
        if found is None:
            if self._working >= MOST_WORKING:
                raise Busy(f"{self._working} requests are being answered: try again in a moment")
            self._working += 1
            found = asyncio.create_task(work())
            found.add_done_callback(partial(self._age, asked))
            if len(self._answers) < MOST:
                self._answers[asked] = found
        self._waiting[found] += 1
        try:
            return await asyncio.shield(found)  # a caller that leaves must not cancel it for the others
        finally:
            self._leave(asked, found)

    def clear(self) -> None:
        """Forget all answers, because something newer is stored."""
        self._answers.clear()

    def _leave(self, asked: str, answer: asyncio.Future[bytes]) -> None:
        """Count one caller fewer. Cancel work that nobody waits for, because it delays other work."""
        self._waiting[answer] -= 1
        if not self._waiting[answer]:
            del self._waiting[answer]
            if not answer.done():
                self._forget(asked, answer)
                answer.cancel()

    def _age(self, asked: str, answer: asyncio.Future[bytes]) -> None:
        self._working -= 1
        asyncio.get_running_loop().call_later(FRESH_SECONDS, self._forget, asked, answer)

    def _forget(self, asked: str, answer: asyncio.Future[bytes]) -> None:
        if self._answers.get(asked) is answer:
            self._answers.pop(asked, None)

"""Tells open pages when something newer is stored. They share one poll, and nobody polls while none is open."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress

import msgspec

from servicemap.view.newest import Newest
from sinks.store import StoreError

EVERY_SECONDS = 1.0
LONGEST_SECONDS = 5.0
PING_SECONDS = 15.0
MOST = 100


class Hub:
    """The pages that listen. `ask` returns the newest window and the time; `newer` is called before they are told."""

    def __init__(self, ask: Callable[[], Awaitable[tuple[Newest, int]]], newer: Callable[[], None]) -> None:
        self._ask = ask
        self._newer = newer
        self._pages: set[asyncio.Queue[bytes | None]] = set()
        self._poll: asyncio.Task[None] | None = None
        self._last = b""  # what a page that comes is told at once

    @property
    def full(self) -> bool:
        """Say whether as many pages listen as may."""
        return len(self._pages) >= MOST

    async def listen(self) -> AsyncGenerator[bytes, None]:
        """Yield server-sent events until the server stops."""
        page: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._pages.add(page)
        try:
            if self._poll is None:
                self._last = b""
                self._poll = asyncio.create_task(self._polling())
            elif self._last:
                yield self._last
            while (told := await _next(page)) is not None:
                yield told
        finally:
            self._pages.discard(page)
            if not self._pages:
                await self._rest()

    async def close(self) -> None:
        """Let all pages go."""
        for page in self._pages:
            page.put_nowait(None)
        await self._rest()

    async def _rest(self) -> None:
        poll, self._poll = self._poll, None
        if poll is not None:
            poll.cancel()
            with suppress(asyncio.CancelledError):
                await poll

    async def _polling(self) -> None:
        while True:
            wait = EVERY_SECONDS
            try:
                newest, now = await self._ask()
                told = event("newest", {"newest": newest.end})
                wait = min(LONGEST_SECONDS, max(wait, (newest.end + newest.width - now) / 1000))  # none can be earlier
            except StoreError as error:
                told = event("away", {"error": str(error)})
            if told != self._last:
                self._last = told
                self._newer()
                for page in self._pages:
                    page.put_nowait(told)
            await asyncio.sleep(wait)


def event(name: str, data: dict[str, object]) -> bytes:
    """Write a server-sent event."""
    return b"event: %s\ndata: %s\n\n" % (name.encode(), msgspec.json.encode(data))


async def _next(page: asyncio.Queue[bytes | None]) -> bytes | None:
    """Return what a page is told next: a ping when there is nothing for a while, None at the end."""
    try:
        return await asyncio.wait_for(page.get(), PING_SECONDS)
    except TimeoutError:
        return event("ping", {})

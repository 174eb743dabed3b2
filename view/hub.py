"""Tells open pages when something newer is stored. They share one poll, and nobody polls while none is open."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress

import msgspec

from sinks.store import StoreError
from view.loopback import is_loopback
from view.newest import Newest

log = logging.getLogger(__name__)

EVERY_SECONDS = 1.0
LONGEST_SECONDS = 5.0
PING_SECONDS = 15.0
SILENT_SECONDS = 5.0  # a store that does not answer for so long is told, while its answer is awaited
MOST = 100
MOST_ELSEWHERE = 20  # of one address of another machine


def event(name: str, data: dict[str, object]) -> bytes:
    """Write a server-sent event."""
    return b"event: %s\ndata: %s\n\n" % (name.encode(), msgspec.json.encode(data))


CROWDED = b"retry: 60000\n" + event("away", {"error": "too many pages are open: this one asks again in a minute"})


class Page:
    """A page that listens. Only the newest news matters: what a page did not take is not kept for it."""

    def __init__(self) -> None:
        self.crowded = False
        self._told: asyncio.Queue[bytes | None] = asyncio.Queue(1)

    def tell(self, news: bytes | None) -> None:
        """Have the page hear this next; None ends it."""
        if self._told.full():
            self._told.get_nowait()
        self._told.put_nowait(news)

    async def next(self) -> bytes | None:
        """Return what the page hears next: a ping when there is nothing for a while, None at the end."""
        try:
            return await asyncio.wait_for(self._told.get(), PING_SECONDS)
        except TimeoutError:
            return event("ping", {})


class Hub:
    """The pages that listen. `ask` returns the newest window and the time; `newer` is called before they are told."""

    def __init__(self, ask: Callable[[], Awaitable[tuple[Newest, int]]], newer: Callable[[], None]) -> None:
        self._ask = ask
        self._newer = newer
        self._pages: dict[Page, str] = {}  # and the addresses they listen from, the oldest first
        self._poll: asyncio.Task[None] | None = None
        self._last = b""  # what a page that comes is told at once

    async def listen(self, address: str) -> AsyncGenerator[bytes, None]:
        """Yield server-sent events until the server stops, or newer pages need the place."""
        self._make_room(address)
        page = Page()
        self._pages[page] = address
        try:
            if self._poll is None:
                self._last = b""
                self._poll = asyncio.create_task(self._polling())
            elif self._last:
                yield self._last
            while (told := await page.next()) is not None:
                yield told
            if page.crowded:
                yield CROWDED
        finally:
            self._pages.pop(page, None)
            if not self._pages:
                await self._rest()

    async def close(self) -> None:
        """Let all pages go."""
        for page in self._pages:
            page.tell(None)
        await self._rest()

    def _make_room(self, address: str) -> None:
        """Let the page go that has listened for the longest, when there are too many."""
        there = [page for page, other in self._pages.items() if other == address]
        crowded = there if not is_loopback(address) and len(there) >= MOST_ELSEWHERE else list(self._pages)
        if crowded is there or len(crowded) >= MOST:
            oldest = crowded[0]
            del self._pages[oldest]
            oldest.crowded = True
            oldest.tell(None)

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
                newest, now = await self._answer()
                told = event("newest", {"newest": newest.end})
                wait = min(LONGEST_SECONDS, max(wait, (newest.end + newest.width - now) / 1000))  # none can be earlier
            except Exception as error:  # whatever it is, the pages are told, and asked for again
                if not isinstance(error, StoreError):
                    log.exception("the newest window cannot be told")
                told = event("away", {"error": str(error)})
            self._tell(told)
            await asyncio.sleep(wait)

    async def _answer(self) -> tuple[Newest, int]:
        """Return the newest window; meanwhile tell the pages of a store that keeps one waiting."""
        asked = asyncio.ensure_future(self._ask())
        try:
            done, _ = await asyncio.wait({asked}, timeout=SILENT_SECONDS)
            if not done:
                self._tell(event("away", {"error": "The store does not answer."}))
            return await asked
        finally:
            asked.cancel()

    def _tell(self, told: bytes) -> None:
        if told != self._last:
            self._last = told
            self._newer()
            for page in self._pages:
                page.tell(told)

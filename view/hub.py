"""Notify open pages of newer windows. All pages share one poll, and there is none while no page is open."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress

import msgspec

from schemas.loopback import is_loopback
from sinks.store import StoreError
from view.newest import Newest

log = logging.getLogger(__name__)

EVERY_SECONDS = 1.0
LONGEST_SECONDS = 5.0
PING_SECONDS = 15.0
SILENT_SECONDS = 5.0  # after this long, report that the store does not answer, and keep waiting for it
MOST = 100
MOST_ELSEWHERE = 20  # from one address of another machine


def event(name: str, data: dict[str, object]) -> bytes:
    """Format a server-sent event."""
    return b"event: %s\ndata: %s\n\n" % (name.encode(), msgspec.json.encode(data))


CROWDED = b"retry: 60000\n" + event("away", {"error": "too many pages are open: this one asks again in a minute"})


class Page:
    """A page that listens. Only the newest event matters: an older one that it has not taken is dropped."""

    def __init__(self) -> None:
        self.crowded = False
        self._pending: asyncio.Queue[bytes | None] = asyncio.Queue(1)

    def send(self, news: bytes | None) -> None:
        """Make this the next event of the page; None ends it."""
        if self._pending.full():
            self._pending.get_nowait()
        self._pending.put_nowait(news)

    async def next(self) -> bytes | None:
        """Return the next event of the page: a ping when there is none for a while, None at the end."""
        try:
            return await asyncio.wait_for(self._pending.get(), PING_SECONDS)
        except TimeoutError:
            return event("ping", {})


class Hub:
    """The pages that listen. `ask` returns the newest window and the time; `newer` is called before each event."""

    def __init__(self, ask: Callable[[], Awaitable[tuple[Newest, int]]], newer: Callable[[], None]) -> None:
        self._ask = ask
        self._newer = newer
        self._pages: dict[Page, str] = {}  # with the addresses they listen from, the oldest page first
        self._poll: asyncio.Task[None] | None = None
        self._last = b""  # the first event of a new page

    async def listen(self, address: str) -> AsyncGenerator[bytes, None]:
        """Yield server-sent events until the server stops, or newer pages take the place."""
        self._make_room(address)
        page = Page()
        self._pages[page] = address
        try:
            if self._poll is None:
                self._last = b""
                self._poll = asyncio.create_task(self._polling())
            elif self._last:
                yield self._last
            while (news := await page.next()) is not None:
                yield news
            if page.crowded:
                yield CROWDED
        finally:
            self._pages.pop(page, None)
            if not self._pages:
                await self._stop_polling()

    async def close(self) -> None:
        """End all pages."""
        for page in self._pages:
            page.send(None)
        await self._stop_polling()

    def _make_room(self, address: str) -> None:
        """End the page that has listened longest, when there are too many."""
        same = [page for page, other in self._pages.items() if other == address]
        crowded = same if not is_loopback(address) and len(same) >= MOST_ELSEWHERE else list(self._pages)
        if crowded is same or len(crowded) >= MOST:
            oldest = crowded[0]
            del self._pages[oldest]
            oldest.crowded = True
            oldest.send(None)

    async def _stop_polling(self) -> None:
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
                news = event("newest", {"newest": newest.end})
                wait = min(
                    LONGEST_SECONDS, max(wait, (newest.end + newest.width - now) / 1000)
                )  # there is no newer window before
            except Exception as error:  # report any failure to the pages, and try again
                if not isinstance(error, StoreError):
                    log.exception("could not read the newest window")
                news = event("away", {"error": str(error)})
            self._notify(news)
            await asyncio.sleep(wait)

    async def _answer(self) -> tuple[Newest, int]:
        """Return the newest window; meanwhile report a store that does not answer."""
        asked = asyncio.ensure_future(self._ask())
        try:
            done, _ = await asyncio.wait({asked}, timeout=SILENT_SECONDS)
            if not done:
                self._notify(event("away", {"error": "The store does not answer."}))
            return await asked
        finally:
            asked.cancel()

    def _notify(self, news: bytes) -> None:
        if news != self._last:
            self._last = news
            self._newer()
            for page in self._pages:
                page.send(news)

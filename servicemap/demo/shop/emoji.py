"""emoji: the catalogue. It answers from memory and asks the store anew beside it, so nobody waits for a slow store."""

import asyncio
import logging
import time
from http import HTTPStatus

from servicemap.demo.service import arguments, serve
from servicemap.demo.wire import Answer, Backend, Request

EVERY_SECONDS = 0.5
TOO_SLOW_SECONDS = 0.1


class Catalogue:
    """The store's latest answer."""

    def __init__(self, store: Backend) -> None:
        self._store = store
        self._known = b""

    async def answer(self, request: Request) -> Answer:
        """Answer a request."""
        if (request.method, request.path) != ("GET", "/emoji"):
            return Answer(HTTPStatus.NOT_FOUND)
        return Answer(HTTPStatus.OK, self._known)

    async def refresh(self) -> None:
        """Ask the store again and again."""
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            began = time.monotonic()
            try:
                await self.learn()
            except (OSError, EOFError) as error:
                logging.error("the store is away (%s); the catalogue stays as it was", error)
            took = time.monotonic() - began
            if took > TOO_SLOW_SECONDS:
                logging.warning("the store took %.0f ms for the catalogue", took * 1000)

    async def learn(self) -> None:
        """Ask the store once."""
        self._known = (await self._store.ask("GET", "/emoji")).body


def main() -> None:
    """Serve the catalogue until a signal."""
    given = arguments("port", "store").parse_args()
    catalogue = Catalogue(Backend(given.store))
    serve(given.port, given.log, catalogue.answer, catalogue.learn, catalogue.refresh)


if __name__ == "__main__":
    main()

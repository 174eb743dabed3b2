"""web: the front. It shows the emoji with their votes, takes a vote, and is always polite."""

import json
import logging
from http import HTTPStatus
from urllib.parse import parse_qs

from servicemap.demo.page import page
from servicemap.demo.service import arguments, serve
from servicemap.demo.wire import Answer, Backend, Request

HTML = "text/html; charset=utf-8"


class Front:
    """The page and those it asks for what stands on it."""

    def __init__(self, emoji: Backend, voting: Backend) -> None:
        self._emoji = emoji
        self._voting = voting

    async def answer(self, request: Request) -> Answer:
        """Answer a request."""
        match request.method, request.path:
            case "GET", "/":
                return await self._page("")
            case "POST", "/":
                code = parse_qs(request.body.decode(errors="replace")).get("emoji", [""])[0]
                return await self._vote(code)
        return Answer(HTTPStatus.NOT_FOUND)

    async def _page(self, thanks_for: str) -> Answer:
        emoji, votes = await self._emoji.ask("GET", "/emoji"), await self._voting.ask("GET", "/votes")
        if emoji.status != HTTPStatus.OK or votes.status != HTTPStatus.OK:
            logging.error("emoji answers %d, voting %d", emoji.status, votes.status)
            return Answer(HTTPStatus.SERVICE_UNAVAILABLE)
        return Answer(HTTPStatus.OK, page(json.loads(emoji.body), json.loads(votes.body), thanks_for).encode(), HTML)

    async def _vote(self, code: str) -> Answer:
        if not code.isalpha():
            return Answer(HTTPStatus.BAD_REQUEST)
        taken = await self._voting.ask("POST", f"/votes/{code}")
        if taken.status not in {HTTPStatus.OK, HTTPStatus.ACCEPTED}:
            return Answer(taken.status)
        return await self._page(code)


def main() -> None:
    """Serve the page until a signal."""
    given = arguments("port", "emoji", "voting").parse_args()
    serve(given.port, given.log, Front(Backend(given.emoji), Backend(given.voting)).answer)


if __name__ == "__main__":
    main()

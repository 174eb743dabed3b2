"""voting: takes votes. What the store refuses it promises to count later, and nobody ever does."""

import logging
from http import HTTPStatus

from servicemap.demo.service import arguments, serve
from servicemap.demo.wire import Answer, Backend, Handler, Request


def handler(store: Backend) -> Handler:
    """Return what answers requests."""

    async def answer(request: Request) -> Answer:
        reply = await store.ask(request.method, request.path)
        if reply.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            return reply
        reason = reply.body.decode(errors="replace")
        logging.error("%s %s: the store answers %d (%s); to be counted later", *request[:2], reply.status, reason)
        return Answer(HTTPStatus.ACCEPTED)

    return answer


def main() -> None:
    """Take votes until a signal."""
    given = arguments("port", "store").parse_args()
    serve(given.port, given.log, handler(Backend(given.store)))


if __name__ == "__main__":
    main()

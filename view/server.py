"""Answer browsers on a socket that listens, until a stop is asked for."""

import asyncio
import socket
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import NamedTuple

from aiohttp import web

from sinks.store import Store
from view.api import Api
from view.connections import Connections
from view.guard import Guard, with_headers
from view.overlays import MOST_BYTES, OverlayApi, Writable
from view.questions import QuestionApi
from view.quiet import quiet
from view.stores import Stores

LONGEST_LINE = 32_768  # bytes; ids can be long


class Service(NamedTuple):
    """What the view is made of: connections to a store, and who may read.

    Without a `page` programs alone are answered. `writable` writes overlays, where there is a log. `distant` compresses
    answers, for readers on other machines.
    `pulse` is a socket on which a supervisor asks whether the view is alive.
    """

    connect: Callable[[], Store]
    version: str
    token: str = ""
    writable: Writable | None = None
    page: bool = True
    distant: bool = False
    backlog: int = 128
    pulse: socket.socket | None = None
    answers: Counter[int] | None = None  # by status


async def serve(service: Service, bound: socket.socket, stop: threading.Event) -> None:
    """Answer on a socket until `stop` is set."""
    stores = Stores(service.connect)
    page = Api(stores, service.version, distant=service.distant)
    questions = QuestionApi(stores, distant=service.distant)
    connections = Connections()
    guard = Guard(service.token, service.writable.token if service.writable else "")
    app = web.Application(middlewares=[connections.middleware(), guard.middleware()], client_max_size=MOST_BYTES)
    app.on_response_prepare.append(with_headers)
    if service.answers is not None:
        app.on_response_prepare.append(partial(_count, service.answers))
    overlays = OverlayApi(stores, service.writable)
    app.add_routes([*page.routes(page=service.page), *questions.routes(), *overlays.routes()])
    if service.pulse is not None:
        _answer_supervisor(service.pulse)
    runner = web.AppRunner(
        app,
        access_log=None,
        logger=quiet(),
        handler_cancellation=True,  # stop the work for a page that was closed
        shutdown_timeout=2.0,
        max_line_size=LONGEST_LINE,
        lingering_time=1.0,  # bodies are small
    )
    await runner.setup()
    assert runner.server is not None
    speaking = connections.speaking(runner.server)
    server = await asyncio.get_running_loop().create_server(speaking, sock=bound, backlog=service.backlog)
    try:
        await asyncio.to_thread(stop.wait)
    finally:
        server.close()
        await page.hub.close()
        await runner.cleanup()
        stores.close()


async def _count(answers: Counter[int], request: web.Request, response: web.StreamResponse) -> None:
    """Count an answer."""
    answers[response.status] += 1


def _answer_supervisor(pulse: socket.socket) -> None:
    """Send every question of the supervisor back. The event loop does it, so an answer shows that the loop runs."""
    pulse.setblocking(False)
    loop = asyncio.get_running_loop()

    def answer() -> None:
        with suppress(OSError):
            question = pulse.recv(16)
            if not question:
                loop.remove_reader(pulse)
            pulse.send(question)

    loop.add_reader(pulse, answer)

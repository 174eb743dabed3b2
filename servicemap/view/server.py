"""Serving the view: where it listens, and how it starts and stops."""

import asyncio
import os
import socket
import sys
import threading
from contextlib import suppress

import msgspec
from aiohttp import web

from schemas.allocator import give_back_memory
from servicemap.config import Config
from servicemap.listening import BACKLOG, VIEW_PORT, Place, listen, moved
from servicemap.options import Failure
from servicemap.parts import VIEW, store_address
from servicemap.process import SUPERVISED, stop_event, tune_memory
from servicemap.view.api import Api
from servicemap.view.assets import PAGE
from servicemap.view.connections import Connections
from servicemap.view.guard import Guard, with_headers
from servicemap.view.loopback import stays_here
from servicemap.view.quiet import quiet
from servicemap.view.stores import Stores
from sinks.embedded.pulse import PULSE
from sinks.store import Store, StoreError

LONGEST_LINE = 32_768  # bytes; ids can be long


def run_view(config: Config, *, browser: bool = False) -> None:
    """Serve until a signal."""
    stop = stop_event()
    asked = config.view
    if not asked.token and not stays_here(asked.host):
        raise Failure(f"others can reach {asked.host}: say what they must know with SERVICEMAP_VIEW__TOKEN or --token")
    if SUPERVISED not in os.environ:
        store_address(config, write=False)  # says at once when there is none
    if not (PAGE / "vendor").is_dir():
        _tell("the page's libraries are not there, and it stays empty: run make setup, or pip install -e . with npm")
    place = Place("the view", asked.host, asked.port, VIEW_PORT, "--port", "view.port")
    with listen(place) as bound:
        port = bound.getsockname()[1]
        url = address(asked.host, port)
        _announce(config, url, moved(place, port))
        tune_memory()
        give_back_memory()
        if browser:
            import webbrowser

            webbrowser.open(url)
        asyncio.run(serve(config, bound, stop))


async def serve(config: Config, bound: socket.socket, stop: threading.Event) -> None:
    """Answer on a socket until told to stop."""

    def connect() -> Store:
        try:
            return Store(store_address(config, write=False))
        except Failure as error:
            raise StoreError(error.format_message()) from None

    stores = Stores(connect)
    api = Api(stores, distant=not stays_here(config.view.host))
    connections = Connections()
    app = web.Application(middlewares=[connections.middleware(), Guard(config.view.token).middleware()])
    app.on_response_prepare.append(with_headers)
    app.add_routes(api.routes())
    _answer_supervisor()
    runner = web.AppRunner(
        app,
        access_log=None,
        logger=quiet(),
        handler_cancellation=True,  # a page that is closed listens no longer
        shutdown_timeout=2.0,
        max_line_size=LONGEST_LINE,
        lingering_time=1.0,  # no request has a body
    )
    await runner.setup()
    assert runner.server is not None
    speaking = connections.speaking(runner.server)
    server = await asyncio.get_running_loop().create_server(speaking, sock=bound, backlog=BACKLOG)
    try:
        await asyncio.to_thread(stop.wait)
    finally:
        server.close()
        await api.hub.close()
        await runner.cleanup()
        stores.close()


def _answer_supervisor() -> None:
    """Answer when asked whether the view is alive: as long as the loop goes round, it is."""
    if PULSE not in os.environ:
        return
    asked = socket.socket(fileno=int(os.environ[PULSE]))
    asked.setblocking(False)
    loop = asyncio.get_running_loop()

    def answer() -> None:
        with suppress(OSError):
            question = asked.recv(16)
            if not question:
                loop.remove_reader(asked)
            asked.send(question)

    loop.add_reader(asked, answer)


def address(host: str, port: int) -> str:
    """Return the address that a browser opens."""
    name = socket.gethostname() if host in {"0.0.0.0", "::"} else f"[{host}]" if ":" in host else host
    return f"http://{name}:{port}/"


def _announce(config: Config, url: str, elsewhere: str) -> None:
    """Tell where the view is: the supervisor by a file, else people."""
    if SUPERVISED not in os.environ:
        _tell(f"the view is at {url}{elsewhere and f'; {elsewhere}'}")
        return
    fresh = config.directory / f"{VIEW}.new"
    fresh.write_bytes(msgspec.json.encode({"url": url, "moved": elsewhere}))
    fresh.replace(config.directory / VIEW)


def _tell(sentence: str) -> None:
    print(f"servicemap: {sentence}", file=sys.stderr, flush=True)

"""Run the live view as configured: choose its port, announce its address, and hand it the store."""

import asyncio
import os
import socket
import sys
from collections import Counter
from functools import partial

import msgspec

from schemas.allocator import give_back_memory
from schemas.listening import BACKLOG
from schemas.loopback import stays_here
from servicemap import __version__
from servicemap.binding import Place, listen, moved
from servicemap.config import Config
from servicemap.exposing import exposed
from servicemap.listening import VIEW_PORT
from servicemap.options import Failure
from servicemap.overlays.serving import writable
from servicemap.part_samples import of_view
from servicemap.parts import VIEW, store_address
from servicemap.process import SUPERVISED, stop_event, tune_memory
from sinks.embedded.pulse import PULSE
from sinks.store import Store, StoreError
from view.assets import PAGE
from view.server import Service, serve


def run_view(config: Config, *, browser: bool = False) -> None:
    """Serve until a signal."""
    stop = stop_event()
    asked = config.view
    if not asked.token and not stays_here(asked.host):
        raise Failure(f"others can reach {asked.host}: set the token they need with SERVICEMAP_VIEW__TOKEN or --token")
    if SUPERVISED not in os.environ:
        store_address(config, write=False)  # fail now where no store is known
    if not (PAGE / "vendor").is_dir():
        _print("the page's libraries are missing, so it stays empty: run make setup, or pip install -e . with npm")
    place = Place("the view", asked.host, asked.port, VIEW_PORT, "--port", "view.port")
    with listen(place) as bound:
        port = bound.getsockname()[1]
        url = address(asked.host, port)
        answers: Counter[int] = Counter()
        service = _service(config, answers)
        _announce(config, url, moved(place, port))
        tune_memory()
        give_back_memory()
        if browser:
            import webbrowser

            webbrowser.open(url)
        with exposed(config, "view", partial(of_view, answers)):
            asyncio.run(serve(service, bound, stop))


def address(host: str, port: int) -> str:
    """Return the address that a browser opens."""
    name = socket.gethostname() if host in {"0.0.0.0", "::"} else f"[{host}]" if ":" in host else host
    return f"http://{name}:{port}/"


def _service(config: Config, answers: Counter[int]) -> Service:
    def connect() -> Store:
        try:
            return Store(store_address(config, write=False))
        except Failure as error:
            raise StoreError(error.format_message()) from None

    return Service(
        connect,
        __version__,
        token=config.view.token,
        writable=writable(config),
        distant=not stays_here(config.view.host),
        backlog=BACKLOG,
        answers=answers,
        pulse=socket.socket(fileno=int(os.environ[PULSE])) if PULSE in os.environ else None,
    )


def _announce(config: Config, url: str, elsewhere: str) -> None:
    """Report where the view is: to the supervisor in a file, otherwise to people."""
    if SUPERVISED not in os.environ:
        _print(f"the view is at {url}{elsewhere and f'; {elsewhere}'}")
        return
    fresh = config.directory / f"{VIEW}.new"
    fresh.write_bytes(msgspec.json.encode({"url": url, "moved": elsewhere}))
    fresh.replace(config.directory / VIEW)


def _print(sentence: str) -> None:
    print(f"servicemap: {sentence}", file=sys.stderr, flush=True)

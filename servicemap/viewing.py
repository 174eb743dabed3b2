"""Run the live view or the API as configured: choose its port, announce its address, and hand it the store."""

import asyncio
import os
import socket
import sys
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import msgspec

from schemas.allocator import give_back_memory
from schemas.listening import BACKLOG
from schemas.loopback import stays_here
from servicemap import __version__
from servicemap.answering import connected
from servicemap.binding import Place, listen, moved
from servicemap.config import ApiConfig, Config, ViewConfig
from servicemap.exposing import exposed
from servicemap.listening import API_PORT, VIEW_PORT
from servicemap.options import Failure
from servicemap.overlays.serving import writable
from servicemap.part_samples import of_view
from servicemap.parts import VIEW, store_address
from servicemap.process import SUPERVISED, stop_event, tune_memory
from sinks.embedded.pulse import PULSE
from view.assets import PAGE
from view.server import Service, serve


class Front(NamedTuple):
    """Something that answers over HTTP: its part, what people call it, its usual port, and where it is configured."""

    part: str
    called: str
    usual: int
    settings: Callable[[Config], ViewConfig | ApiConfig]
    writes: Callable[[Config], bool]
    page: bool


PAGES = Front("view", "the view", VIEW_PORT, lambda config: config.view, lambda config: True, page=True)
API = Front("api", "the API", API_PORT, lambda config: config.api, lambda config: config.api.writable, page=False)


def run(config: Config, front: Front, *, browser: bool = False) -> None:
    """Serve until a signal."""
    stop = stop_event()
    asked = front.settings(config)
    if not asked.token and not stays_here(asked.host):
        variable = f"SERVICEMAP_{front.part.upper()}__TOKEN"
        raise Failure(f"others can reach {asked.host}: set the token they need with {variable} or --token")
    if SUPERVISED not in os.environ:
        store_address(config, write=False)  # fail now where no store is known
    if front.page and not (PAGE / "vendor").is_dir():
        _print("the page's libraries are missing, so it stays empty: run make setup, or pip install -e . with npm")
    place = Place(front.called, asked.host, asked.port, front.usual, "--port", f"{front.part}.port")
    with listen(place) as bound:
        port = bound.getsockname()[1]
        url = address(asked.host, port)
        answers: Counter[int] = Counter()
        service = _service(config, front, answers)
        _announce(config, front, url, moved(place, port))
        tune_memory()
        give_back_memory()
        if browser:
            import webbrowser

            webbrowser.open(url)
        with exposed(config, front.part, partial(of_view, answers)):
            asyncio.run(serve(service, bound, stop))


def address(host: str, port: int) -> str:
    """Return the address that a browser opens."""
    name = socket.gethostname() if host in {"0.0.0.0", "::"} else f"[{host}]" if ":" in host else host
    return f"http://{name}:{port}/"


def _service(config: Config, front: Front, answers: Counter[int]) -> Service:
    settings = front.settings(config)
    return Service(
        partial(connected, config),
        __version__,
        token=settings.token,
        writable=writable(config, front.part, settings.write_token) if front.writes(config) else None,
        page=front.page,
        distant=not stays_here(settings.host),
        backlog=BACKLOG,
        answers=answers,
        pulse=socket.socket(fileno=int(os.environ[PULSE])) if PULSE in os.environ else None,
    )


def _announce(config: Config, front: Front, url: str, elsewhere: str) -> None:
    """Report where the view is: to the supervisor in a file, otherwise to people."""
    if SUPERVISED not in os.environ:
        announce(front.called, url, elsewhere)
        return
    fresh = config.directory / f"{VIEW}.new"
    fresh.write_bytes(msgspec.json.encode({"url": url, "moved": elsewhere}))
    fresh.replace(config.directory / VIEW)


def announce(what: str, url: str, elsewhere: str) -> None:
    """Report to people where something is."""
    _print(f"{what} is at {url}{elsewhere and f'; {elsewhere}'}")


def _print(sentence: str) -> None:
    print(f"servicemap: {sentence}", file=sys.stderr, flush=True)

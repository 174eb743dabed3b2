"""Each part's own metrics over HTTP, for Prometheus: a socket listens, and one thread waits for who asks.

All that it takes is loaded when somebody asks for the first time; until then a part has a thread more and nothing else.
Where the metrics of a part are stands in a file of the data directory, for `servicemap doctor`.
"""

import logging
import os
import selectors
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from schemas.metrics import BUILD_INFO, Collect, Sample, exposition
from servicemap import __version__
from servicemap.binding import Place, listen
from servicemap.config import Config
from servicemap.options import Failure

FIRST_PORT = 9765
PARTS = ("collect", "work", "sink", "view", "up", "api", "metrics")  # each has the port after that of the one before
FOLDER = "metrics"
SECONDS = 5  # a client gets so long for its request
_log = logging.getLogger(__name__)


class Exposed(msgspec.Struct, frozen=True):
    """Where the metrics of a part are, and which process serves them."""

    part: str
    pid: int
    url: str


@contextmanager
def exposed(config: Config, part: str, collect: Collect, more: Callable[[], bytes] = bytes) -> Iterator[str]:
    """Serve the metrics of a part, and more lines of them; gives the address, "" without one.

    What keeps it from that is a warning: the part has other things to do.
    """
    bound = _bound(config, part) if config.metrics.enabled else None
    if bound is None:
        yield ""
        return
    port = bound.getsockname()[1]
    url = _url(config.metrics.host, port)
    note = _note(config, Exposed(part, os.getpid(), url))
    threading.Thread(target=_serve, args=(bound, part, collect, more), name="metrics", daemon=True).start()
    try:
        yield url
    finally:
        with suppress(OSError):
            bound.shutdown(socket.SHUT_RDWR)  # wakes the thread, which closes it
        if note is not None:
            note.unlink(missing_ok=True)


def noted(config: Config) -> list[Exposed]:
    """Return where metrics are served by the parts of a data directory that run."""
    found = []
    for file in sorted((config.directory / FOLDER).glob("*.json")):
        with suppress(OSError, msgspec.DecodeError):
            each = msgspec.json.decode(file.read_bytes(), type=Exposed)
            found += [each] * Path(f"/proc/{each.pid}").exists()
    return found


def place(config: Config, part: str) -> Place:
    """Return where a part serves its metrics."""
    asked, number = config.metrics.port, PARTS.index(part)
    port = min(asked + number, 65_535) if asked else asked
    return Place(
        f"the metrics of {part}", config.metrics.host, port, FIRST_PORT + number, "metrics.port", "metrics.port"
    )


def _bound(config: Config, part: str) -> socket.socket | None:
    try:
        return listen(place(config, part))
    except Failure as failure:
        _log.warning("no metrics of %s: %s", part, failure.format_message())
        return None


def _url(host: str, port: int) -> str:
    name = socket.gethostname() if host in {"0.0.0.0", "::"} else f"[{host}]" if ":" in host else host
    return f"http://{name}:{port}/metrics"


def _note(config: Config, where: Exposed) -> Path | None:
    """Write down where the metrics are, if there is a data directory."""
    folder = config.directory / FOLDER
    if not config.directory.is_dir():
        return None
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        file = folder / f"{where.part}-{where.pid}.json"
        fresh = file.with_suffix(".new")
        fresh.write_bytes(msgspec.json.encode(where))
        fresh.replace(file)
        for old in folder.glob("*.json"):  # of parts that were killed
            if old.stem.partition("-")[2].isdigit() and not Path(f"/proc/{old.stem.partition('-')[2]}").exists():
                old.unlink(missing_ok=True)
    except OSError as error:
        _log.debug("where the metrics are cannot be written down: %s", error)
        return None
    return file


def _serve(bound: socket.socket, part: str, collect: Collect, more: Callable[[], bytes]) -> None:
    """Wait for the first client, then load the server and answer all of them."""
    with bound, selectors.DefaultSelector() as selector:
        bound.setblocking(False)
        selector.register(bound, selectors.EVENT_READ)
        while selector.select():
            try:
                client, _ = bound.accept()
            except BlockingIOError:
                continue
            except OSError:  # shut down
                return
            with client:
                try:
                    _answer(client, part, collect, more)
                except Exception as error:
                    _log.warning("the metrics of %s could not be served: %r", part, error)


def _answer(client: socket.socket, part: str, collect: Collect, more: Callable[[], bytes]) -> None:
    """Read one request and answer it."""
    client.settimeout(SECONDS)
    asked = _request(client)
    status, body = "404 Not Found", b"The metrics are at /metrics\n"
    if asked in {"/metrics", "/metrics/"}:
        build = Sample(BUILD_INFO, 1, (__version__, part))
        status, body = "200 OK", exposition([build, *collect()]) + more()
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    with suppress(OSError):  # the client has gone
        client.sendall(head.encode() + body)


def _request(client: socket.socket) -> str:
    """Return the path that a client asks for; empty for what is no request."""
    head = b""
    with suppress(OSError):
        while b"\r\n\r\n" not in head and len(head) < 8192 and (more := client.recv(8192)):
            head += more
    method, _, rest = head.partition(b"\r\n")[0].decode("latin-1").partition(" ")
    return rest.partition(" ")[0].partition("?")[0] if method == "GET" else ""

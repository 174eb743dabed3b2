"""Where the parts of `up` are to listen: looked at before anything is started, and said where a port had to move."""

import errno
import os
import socket
from collections.abc import Iterator
from typing import NamedTuple

from servicemap.config import Config
from servicemap.options import Failure
from sinks.embedded.ports import TRIES, USUAL

VIEW_PORT = 8080
BACKLOG = 1024  # the kernel holds those who cannot be let in at once


class Place(NamedTuple):
    """What listens, on which host and port, and which options say so."""

    what: str
    host: str
    port: int | None  # 0 for any; None for the usual one, or the next that is free
    usual: int
    option: str
    key: str


def places(config: Config) -> Iterator[Place]:
    """Yield what `up` listens on."""
    if not config.store.url:
        host = config.store.host
        native, http = config.store.native_port, config.store.http_port
        yield Place("the store", host, native, USUAL["native_port"], "--native-port", "store.native_port")
        yield Place("the store's HTTP interface", host, http, USUAL["http_port"], "--http-port", "store.http_port")
    yield Place("the view", config.view.host, config.view.port, VIEW_PORT, "--view-port", "view.port")


def check_places(config: Config) -> None:
    """Refuse what cannot be listened on or reached; a port that nobody asked for may be taken."""
    asked: dict[int, Place] = {}
    for place in places(config):
        taken = asked.setdefault(place.port, place) if place.port else place
        if taken is not place:
            raise Failure(f"{taken.option} and {place.option} are both {place.port}: give each a port of its own")
        with bound(place, place.port or 0) as found:
            _reach(place, found)


def _reach(place: Place, found: socket.socket) -> None:
    """Connect as the parts will: a network namespace may have no way even to itself."""
    try:
        socket.create_connection(found.getsockname()[:2], timeout=5).close()
    except OSError as error:
        raise Failure(
            f"nothing here reaches {place.host} ({error.strerror or error}), over which the parts talk: bring up the"
            " loopback interface of this network namespace, `ip link set lo up`"
        ) from None


def bound(place: Place, port: int) -> socket.socket:
    """Listen on a port; Failure with what to do."""
    family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
    try:
        return socket.create_server((place.host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise Failure(_sentence(place, port, error)) from error


def listen(place: Place) -> socket.socket:
    """Listen on the port asked for; where none was, on the usual one or the next that is free."""
    if place.port is not None:
        return bound(place, place.port)
    for port in range(place.usual, place.usual + TRIES):
        try:
            return bound(place, port)
        except Failure as failure:
            if not is_taken(failure):
                raise
    return bound(place, 0)


def is_taken(failure: Failure) -> bool:
    """Say whether another program's having the port is all that is wrong."""
    return isinstance(failure.__cause__, OSError) and failure.__cause__.errno == errno.EADDRINUSE


def moved(place: Place, port: int) -> str:
    """Say that a port is not the usual one, or nothing."""
    if place.port is not None or port == place.usual:
        return ""
    return f"port {place.usual} is taken, so {place.what} has {port} ({place.option} says which)"


def _sentence(place: Place, port: int, error: OSError) -> str:
    start = f"{place.what} cannot listen on {place.host}:{port}"
    host = place.key.partition(".")[0] + ".host"
    if error.errno == errno.EADDRINUSE:
        return f"{start}, another program does: stop it, or give another port with {place.option}, 0 for any"
    if error.errno == errno.EACCES:
        return f"{start}: ports below 1024 are for root; give another one with {place.option}"
    reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error.strerror).split(" (while")[0]
    return f"{start} ({reason}): give an address of this machine in {host}"

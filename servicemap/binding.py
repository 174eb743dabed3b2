"""Sockets that listen: on the port that was asked for or the next that is free, else one sentence of what to do."""

import errno
import os
import socket
from typing import NamedTuple

from schemas.listening import BACKLOG, TRIES
from servicemap.options import Failure


class Place(NamedTuple):
    """What listens, on which host and port, and which options set them."""

    what: str
    host: str
    port: int | None  # 0 for any; None for the usual one, or the next that is free
    usual: int
    option: str
    key: str


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
    """Return whether the failure is only that another program has the port."""
    return isinstance(failure.__cause__, OSError) and failure.__cause__.errno == errno.EADDRINUSE


def moved(place: Place, port: int) -> str:
    """Return a sentence about a port that is not the usual one, else nothing."""
    if place.port is not None or port == place.usual:
        return ""
    return f"port {place.usual} is taken, so {place.what} has {port} ({place.option} sets it)"


def _sentence(place: Place, port: int, error: OSError) -> str:
    start = f"{place.what} cannot listen on {place.host}:{port}"
    host = place.key.partition(".")[0] + ".host"
    if error.errno == errno.EADDRINUSE:
        return f"{start}, another program does: stop it, or give another port with {place.option}, 0 for any"
    if error.errno == errno.EACCES:
        return f"{start}: ports below 1024 are for root; give another one with {place.option}"
    reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error.strerror).split(" (while")[0]
    return f"{start} ({reason}): give an address of this machine in {host}"

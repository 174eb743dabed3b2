"""Which ports a store listens on: those asked for, else the usual ones, or the next that are free."""

import errno
import os
import socket
from collections.abc import Iterator

from schemas.listening import BACKLOG, TRIES
from sinks.embedded.folder import Folder, StartError

USUAL = {"native_port": 9000, "http_port": 8123}


class PortTaken(StartError):
    """Another program has the port."""


def bind(host: str, port: int) -> socket.socket:
    """Listen on a port; raises PortTaken, StartError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        kind = PortTaken if error.errno == errno.EADDRINUSE else StartError
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        raise kind(
            f"Cannot listen on {host}:{port} ({reason}): stop the program that has this port, or choose another one "
            "with --native-port or --http-port."
        ) from error


def listen(folder: Folder, host: str, name: str, asked: int | None) -> socket.socket:
    """Listen on the port asked for; where none was, on that of last time, the usual one or the next that is free."""
    if asked:
        return bind(host, asked)
    for port in _tried(folder.last_port(name), USUAL[name] if asked is None else None):
        try:
            return bind(host, port)
        except PortTaken:
            continue
    return bind(host, 0)


def _tried(last: int, usual: int | None) -> Iterator[int]:
    if last:
        yield last
    if usual is not None:
        yield from range(usual, usual + TRIES)

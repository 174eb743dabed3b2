"""A front with TLS before a port that has none, as ClickHouse's own secure ports are before the same server."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.certificates import HOST


@contextmanager
def tls_front(port: int, folder: Path, certificate: str, *, mutual: bool = False) -> Iterator[int]:
    """Serve TLS before a port of this machine with a certificate of the folder; yield its port.

    With `mutual` clients need a certificate of ca.pem.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / f"{certificate}.pem", folder / f"{certificate}.key")
    if mutual:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(folder / "ca.pem")
    with socket.create_server((HOST, 0)) as bound:
        threading.Thread(target=_accept, args=(bound, context, port), daemon=True).start()
        try:
            yield int(bound.getsockname()[1])
        finally:
            with suppress(OSError):
                bound.shutdown(socket.SHUT_RDWR)


def _accept(bound: socket.socket, context: ssl.SSLContext, port: int) -> None:
    with suppress(OSError):
        while True:
            connection, _ = bound.accept()
            threading.Thread(target=_serve, args=(connection, context, port), daemon=True).start()


def _serve(connection: socket.socket, context: ssl.SSLContext, port: int) -> None:
    with (
        connection,
        suppress(OSError),
        context.wrap_socket(connection, server_side=True) as secured,
        socket.create_connection((HOST, port)) as server,
    ):
        threading.Thread(target=_pass_on, args=(server, secured), daemon=True).start()
        _pass_on(secured, server)


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)

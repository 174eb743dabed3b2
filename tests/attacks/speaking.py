"""Make the bytes that a client sends, so that a test can change them."""

import socket
from collections.abc import Mapping
from contextlib import suppress

from sinks.embedded.blocks import Block
from sinks.embedded.wire import string, varint
from tests.store.conftest import Store

REVISION = 54459


def raw(data: bytes) -> bytes:
    """Return bytes with their length."""
    return varint(len(data)) + data


def hello(user: str = "default", password: str = "") -> bytes:
    """Return a client's first packet and its addendum."""
    head = varint(0) + string("test") + varint(1) + varint(1) + varint(REVISION) + string("")
    return head + string(user) + string(password) + string("")


def query(text: bytes, settings: Mapping[str, str] | None = None, compressed: bool = False) -> bytes:
    """Return a query packet without the block that ends its external tables."""
    info = b"\x01" + string("") * 3 + bytes(8) + b"\x01" + string("") * 3 + varint(1) * 3
    info += string("") + varint(0) * 2 + b"\x00" + varint(0) * 3
    chosen = b"".join(string(name) + varint(1) + string(value) for name, value in (settings or {}).items())
    packet = varint(1) + string("") + info + chosen + string("") * 2 + varint(2) + varint(compressed)
    return packet + raw(text) + string("")


def data(block: bytes) -> bytes:
    """Return a data packet."""
    return varint(2) + string("") + block


NO_TABLES = data(Block(0, ()).encode(REVISION))


def ask(text: bytes, settings: Mapping[str, str] | None = None) -> bytes:
    """Return all that a client sends to run a statement."""
    return query(text, settings) + NO_TABLES


def request(text: str, *headers: str, body: bytes = b"") -> bytes:
    """Return an HTTP request, with a body where one is given."""
    length = [f"Content-Length: {len(body)}"] if body else []
    return "\r\n".join([text, "Host: localhost", *length, *headers, "", ""]).encode("latin-1") + body


def exchange(port: int, sent: bytes, timeout: float = 60, patience: float = 0.3) -> bytes:
    """Send bytes; return the answer until the other end closes. It need not read all bytes.

    When the other end has been silent for `patience` seconds, shut down the sending side.
    """
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as peer:
        got, waits = bytearray(), True
        with suppress(OSError):
            peer.sendall(sent)
        peer.settimeout(patience)
        with suppress(ConnectionError):
            while True:
                try:
                    piece = peer.recv(1 << 18)
                except TimeoutError:
                    if not waits:
                        raise
                    waits = False
                    peer.shutdown(socket.SHUT_WR)
                    peer.settimeout(timeout)
                    continue
                if not piece:
                    break
                got += piece
        return bytes(got)


def writer_hello(store: Store) -> bytes:
    """Return the writer's first packet."""
    return hello("servicemap", store.token)

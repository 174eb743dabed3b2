"""The bytes of a connection: as they are, or within TLS where the client begins with it.

TLS is spoken over buffers in memory, so that the socket under it is waited for, shut down and counted as any other.
"""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress

HANDSHAKE = b"\x16"  # first byte of TLS; neither protocol begins with it
_PIECE = 1 << 20  # bytes that are encrypted at a time
_RECEIVE = 1 << 18


class PlainRefused(Exception):
    """A client of another machine does not begin with TLS, and has to."""


class Link:
    """A socket that does not block; reading raises BlockingIOError while there is nothing."""

    def __init__(self, connection: socket.socket, context: ssl.SSLContext | None) -> None:
        self._socket = connection
        self._context = context
        self._tls: ssl.SSLObject | None = None
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._greeted = False  # the client has finished the handshake: it has sent data
        self._ahead = b""  # decrypted and not read yet
        self._lock = threading.Lock()  # a client that works is also looked at by others

    def recv(self, size: int) -> bytes:
        """Return bytes; none at the end of the stream. Raises BlockingIOError, OSError, PlainRefused."""
        with self._lock:
            self._decide()
            if self._tls is None:
                return self._socket.recv(size)
            return self._take(self._ahead or self._decrypted(self._tls), size)

    def peek(self) -> bytes:
        """Return the next byte as `recv` does, and leave it there."""
        with self._lock:
            self._decide()
            if self._tls is None:
                return self._socket.recv(1, socket.MSG_PEEK)
            self._ahead = self._ahead or self._decrypted(self._tls)
            return self._ahead[:1]

    def sealed(self, data: bytes) -> Iterator[memoryview]:
        """Yield what is sent for some data."""
        if self._tls is None:
            yield memoryview(data)
            return
        whole = memoryview(data)
        for start in range(0, len(whole), _PIECE):
            with self._lock:
                self._tls.write(whole[start : start + _PIECE])
                piece = self._outgoing.read()
            yield memoryview(piece)

    def farewell(self) -> None:
        """Send that nothing more comes, if the client takes it at once."""
        if self._tls is None:
            return
        with self._lock, suppress(OSError):
            with suppress(ssl.SSLError):
                self._tls.unwrap()
            self._socket.send(self._outgoing.read())

    def _decide(self) -> None:
        """Find out by its first byte what the client speaks."""
        if self._context is None:
            return
        first = self._socket.recv(1, socket.MSG_PEEK)
        if first == HANDSHAKE:
            self._tls = self._context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        elif first and not _of_this_machine(self._socket):
            raise PlainRefused
        self._context = None

    def _decrypted(self, tls: ssl.SSLObject) -> bytes:
        while True:
            try:
                data = tls.read(_RECEIVE)  # the handshake is part of it
                self._flush()
                self._greeted = True
                return data
            except ssl.SSLWantReadError:
                self._flush()
                data = self._socket.recv(_RECEIVE)
                if not data:
                    return b""
                self._incoming.write(data)
            except ssl.SSLZeroReturnError:
                return b""
            except ssl.SSLError:
                self._flush()  # why it ends
                raise

    def _flush(self) -> None:
        """Send our part of the handshake: little, so that it fits into a new socket. What is later goes with data.

        With TLS 1.2 our last message is the last of all, and a client waits for it before it sends anything.
        """
        if self._outgoing.pending and not self._greeted:
            self._socket.send(self._outgoing.read())

    def _take(self, data: bytes, size: int) -> bytes:
        self._ahead = data[size:]
        return data[:size]


def _of_this_machine(connection: socket.socket) -> bool:
    """Return whether a connection never leaves this machine: both of its ends have the same address."""
    return bool(connection.getpeername()[0] == connection.getsockname()[0])

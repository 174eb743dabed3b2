"""A client's socket with deadlines: waiting for its bytes, and for it to take ours, both end."""

import io
import select
import socket
import ssl
import time
from contextlib import suppress
from typing import Protocol

from sinks.embedded.link import Link

ANSWER_SECONDS = 10.0  # a client takes a short answer within this
STALL_SECONDS = 300.0  # and something of a result; ClickHouse's send_timeout
_STALLED = 0.1  # seconds without a byte taken after which the client is no longer worked for
_RECEIVE = 1 << 18


class TooSlow(Exception):
    """The client did not send or take what was waited for; the message is one sentence with how long."""


class Evicted(Exception):
    """The place of this connection was given to another one."""


class Sending(Protocol):
    """A statement whose result is sent."""

    @property
    def deadline(self) -> float:
        """Return the time by which all must be sent, in monotonic seconds."""

    def stalled(self) -> None:
        """Note that the client takes nothing."""

    def taken(self) -> None:
        """Note that the client has taken all there was."""


class Peer:
    """One connection. `waiting` is since when the client is waited for (monotonic seconds), None while it is not."""

    def __init__(self, connection: socket.socket, context: ssl.SSLContext | None = None) -> None:
        """Take a connection; with a context, one from another machine has to speak TLS."""
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.since = time.monotonic()
        self.waiting: float | None = None
        self.sending: Sending | None = None  # of a statement that is being answered
        self.torn = False  # a send ended in the middle
        self._socket = connection
        self._link = Link(connection, context)
        self._name = connection.getpeername()
        self._deadline = float("inf")
        self._expected = ""
        self._then: float | None = None
        self._renewed: float | None = None
        self._resting: float | None = None
        self._evicted = False

    def getpeername(self) -> tuple[str, int]:
        """Address and port, as a socket gives them."""
        return self._name[0], self._name[1]

    def allow(self, seconds: float) -> None:
        """Give the client so long, in total, for all that it has yet to send."""
        self._expect(seconds, f"within {seconds:.0f} s")

    def rest(self, seconds: float, then: float) -> None:
        """Give the client so long for the next byte, and from then on so long in total for what belongs to it."""
        self._expect(seconds, f"for {seconds:.0f} s")
        self._then = then
        self._resting = time.monotonic()

    def stream(self, seconds: float) -> None:
        """Give the client so long for each piece."""
        self._expect(seconds, f"for {seconds:.0f} s")
        self._renewed = seconds

    def recv(self, size: int = _RECEIVE) -> bytes:
        """Wait for bytes; none at the end of the stream. Raises TooSlow, Evicted, OSError."""
        while True:
            try:
                data = self._link.recv(size)
            except BlockingIOError:
                self._await(select.POLLIN, self._deadline, f"sent nothing more {self._expected}")
                continue
            if self._evicted:
                raise Evicted
            if data and self._then is not None:
                self.allow(self._then)
            elif self._renewed is not None:
                self._deadline = time.monotonic() + self._renewed
            return data

    def peek(self) -> bytes | None:
        """Look at the next byte without waiting: none at the end of the stream, None when there is nothing yet."""
        try:
            return self._link.peek()
        except BlockingIOError:
            return None
        except OSError:
            return b""

    def sendall(self, data: bytes) -> None:
        """Send all; raises TooSlow when the client does not take it in time, Evicted, OSError."""
        self.torn = True
        for left in self._link.sealed(data):
            self._send(left)
        self.torn = False
        if self.sending:
            self.sending.taken()

    def _send(self, left: memoryview) -> None:
        while left:
            try:
                left = left[self._socket.send(left) :]
            except BlockingIOError:
                self._stall()

    def makefile(self, mode: str, buffering: int = -1) -> io.BufferedReader:
        """Return a reader, as a socket does."""
        assert mode == "rb"
        return io.BufferedReader(_Raw(self))

    def evict(self) -> None:
        """Wake the thread that waits for this client, with Evicted."""
        self._evicted = True
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RD)

    def shutdown(self, how: int) -> None:
        """End one direction, or both."""
        with suppress(OSError):
            self._socket.shutdown(how)

    def close(self) -> None:
        """Close, having taken what came meanwhile: else the kernel resets, and the client loses the last answer."""
        with suppress(OSError):
            self._link.farewell()
            self._socket.shutdown(socket.SHUT_WR)
            for _ in range(16):
                if not self._socket.recv(_RECEIVE):
                    break
        self._socket.close()

    def _expect(self, seconds: float, what: str) -> None:
        self._deadline, self._expected = time.monotonic() + seconds, what
        self._then = self._renewed = self._resting = None

    def _stall(self) -> None:
        now = time.monotonic()
        until = now + ANSWER_SECONDS
        if self.sending:
            until = min(self.sending.deadline, now + STALL_SECONDS)
            if _ready(self._socket, select.POLLOUT, min(_STALLED, until - now)):
                return
            self.sending.stalled()
        self._await(select.POLLOUT, until, f"took nothing of its answer for {until - now:.0f} s")

    def _await(self, event: int, deadline: float, failed: str) -> None:
        now = time.monotonic()
        # A byte now and then does not make a client that rests a new one.
        self.waiting = now if self._resting is None or event == select.POLLOUT else self._resting
        try:
            if not _ready(self._socket, event, deadline - now):
                raise TooSlow(failed)
        finally:
            self.waiting = None
        if self._evicted:
            raise Evicted


class _Raw(io.RawIOBase):
    """A peer as Python's buffered reader wants it."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        data = self._peer.recv(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _ready(connection: socket.socket, event: int, seconds: float) -> bool:
    """Wait for a socket; poll has no limit on descriptors' numbers, select has."""
    poll = select.poll()
    poll.register(connection, event)
    return bool(poll.poll(max(0.0, seconds) * 1000))

"""Limits on connections: their number, and the time for a request's head, for taking an answer, and between requests.

aiohttp has none of these limits. This protocol stands between its protocol and the socket, and has them.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from schemas.loopback import is_loopback

HEAD_SECONDS = 10.0  # for a head, from its first byte or from the start of the connection
TAKE_SECONDS, TAKE_BYTES = 30.0, 64 << 10  # a client must read this many bytes of a waiting answer in this time
IDLE_SECONDS = 75.0  # between two requests
MOST = 500
MOST_READING = 20  # answers that wait for their clients to read
MOST_ELSEWHERE = 60  # from one address of another machine
MOST_WAITING, WAIT_SECONDS = 500, 15.0  # connections that wait for a place
_GRACE_SECONDS = 1.0  # a connection that was idle for less time is kept
_TRY_SECONDS = 0.1
FULL = "503 Service Unavailable", "the view has as many connections as it allows: try again in a while"
SLOW = "408 Request Timeout", f"the request did not arrive within {HEAD_SECONDS:.0f} s"
Protocol = Any  # aiohttp's, an asyncio.Protocol whose transport it sets itself


class Connections:
    """All connections of a view."""

    def __init__(self) -> None:
        self._open: dict[asyncio.BaseTransport, Connection] = {}
        self._unread: dict[
            Connection, None
        ] = {}  # connections with answers that wait for their clients, the oldest first
        self._waiting = 0

    def speaking(self, make: Callable[[], Protocol]) -> Callable[[], "Connection"]:
        """Return a factory of protocols, one for each connection. `make` makes the protocol that speaks HTTP."""
        return lambda: Connection(self, make())

    def middleware(self) -> Middleware:
        """Return a middleware that notes when a request's head has arrived, and when its answer is made."""

        @web.middleware
        async def timed(request: web.Request, handler: Handler) -> web.StreamResponse:
            connection = self._open.get(request.transport) if request.transport else None
            if connection is None:
                return await handler(request)
            connection.began()
            try:
                return await handler(request)
            finally:
                connection.ended()

        return timed

    def enter(self, connection: "Connection", transport: asyncio.BaseTransport) -> bool:
        """Admit a connection, if necessary in place of the one that was idle longest; return whether it is admitted."""
        there = [other for other in self._open.values() if other.address == connection.address]
        if not is_loopback(connection.address) and len(there) >= MOST_ELSEWHERE:
            room = _give_way(there)
        else:
            room = len(self._open) < MOST or _give_way(list(self._open.values()))
        if room:
            self._open[transport] = connection
        return bool(room)

    def may_wait(self, connection: "Connection") -> bool:
        """Return whether one more connection may wait for a place."""
        return is_loopback(connection.address) and self._waiting < MOST_WAITING

    def count_waiting(self, more: int) -> None:
        """Count the connections that wait for a place."""
        self._waiting += more

    def note_unread(self, connection: "Connection", unread: bool) -> None:
        """Note whether an answer waits for its client. Too many of them need too much memory, so the oldest ends."""
        self._unread.pop(connection, None)
        if unread:
            self._unread[connection] = None
            if len(self._unread) > MOST_READING:
                next(iter(self._unread)).abort()

    def leave(self, transport: asyncio.BaseTransport) -> None:
        """Forget a connection."""
        self._open.pop(transport, None)


class Connection(asyncio.Protocol):
    """A connection: passes everything on to the protocol that speaks HTTP, and ends what takes too long."""

    def __init__(self, all_of_them: Connections, inner: Protocol) -> None:
        self.address = ""
        self.idle_since: float | None = None  # None while a request is being answered
        self._all = all_of_them
        self._inner = inner
        self._transport: asyncio.Transport | None = None
        self._admitted = self._waits = False
        self._until = 0.0  # the end of the wait for a place
        self._begun = False  # some bytes of a head have arrived
        self._timer: asyncio.TimerHandle | None = None
        self._reading: asyncio.TimerHandle | None = None
        self._waiting = 0  # bytes that waited for the client at the last check

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Admit the connection, let it wait, or refuse it with a reason."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.address = str((transport.get_extra_info("peername") or ("",))[0])
        if self._all.enter(self, transport):
            self._admit(transport)
        elif self._all.may_wait(self):
            transport.pause_reading()
            self._all.count_waiting(1)
            self._waits = True
            self._until = asyncio.get_running_loop().time() + WAIT_SECONDS
            self._timer = asyncio.get_running_loop().call_later(_TRY_SECONDS, self._try)
        else:
            self._refuse(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Forget the connection."""
        self._stop()
        self._await_reading(None)
        if self._transport:
            self._all.leave(self._transport)
        if self._waits:
            self._all.count_waiting(-1)
        if self._admitted:
            self._inner.connection_lost(error)

    def data_received(self, data: bytes) -> None:
        """Pass bytes on. The first bytes of a head start its time."""
        if not self._admitted:
            return
        if self.idle_since is not None and not self._begun:
            self._begun = True
            self._await(HEAD_SECONDS)
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        """Pass on that the client sends nothing more."""
        return self._inner.eof_received() if self._admitted else None

    def pause_writing(self) -> None:
        """Start the time that the client has to read a waiting answer."""
        self._inner.pause_writing()
        self._await_reading(TAKE_SECONDS)
        self._all.note_unread(self, unread=True)

    def resume_writing(self) -> None:
        """Stop that time: the client has read enough."""
        self._await_reading(None)
        self._inner.resume_writing()

    def began(self) -> None:
        """Stop the time for a head: it has arrived."""
        self._stop()
        self.idle_since = None

    def ended(self) -> None:
        """Start the time between two requests."""
        self._begun = False
        self._await(IDLE_SECONDS)

    def abort(self) -> None:
        """End the connection at once."""
        if self._transport:
            self._transport.abort()

    def slow(self) -> None:
        """End the connection because it took too long; answer so if a request had begun."""
        if self._transport and not self._transport.is_closing():
            if self._begun:
                self._transport.write(_answer(*SLOW))
            self._transport.close()

    def _admit(self, transport: asyncio.Transport) -> None:
        self._admitted = True
        self._inner.connection_made(transport)
        self._await(HEAD_SECONDS)

    def _try(self) -> None:
        transport, loop = self._transport, asyncio.get_running_loop()
        if transport is None or transport.is_closing():
            return
        if self._all.enter(self, transport):
            self._waits = False
            self._all.count_waiting(-1)
            self._admit(transport)
            transport.resume_reading()
        elif loop.time() < self._until:
            self._timer = loop.call_later(_TRY_SECONDS, self._try)
        else:
            self._refuse(transport)

    def _refuse(self, transport: asyncio.Transport) -> None:
        transport.write(_answer(*FULL))
        transport.close()

    def _await_reading(self, seconds: float | None) -> None:
        if self._reading:
            self._reading.cancel()
        self._reading = None
        if seconds is None:
            self._all.note_unread(self, unread=False)
        elif self._transport:
            self._waiting = self._transport.get_write_buffer_size()
            self._reading = asyncio.get_running_loop().call_later(seconds, self._check_reading)

    def _check_reading(self) -> None:
        if self._transport and self._waiting - self._transport.get_write_buffer_size() >= TAKE_BYTES:
            self._await_reading(TAKE_SECONDS)
        else:
            self.abort()

    def _await(self, seconds: float) -> None:
        self._stop()
        loop = asyncio.get_running_loop()
        self.idle_since = loop.time() if self.idle_since is None else self.idle_since
        self._timer = loop.call_later(seconds, self.slow)

    def _stop(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None


def _give_way(connections: list[Connection]) -> bool:
    """End the connection that was idle longest; return whether there was one."""
    since = {each: each.idle_since for each in connections if each.idle_since is not None}
    oldest = min(since, key=since.__getitem__, default=None)
    if oldest is None or asyncio.get_running_loop().time() - since[oldest] < _GRACE_SECONDS:
        return False
    oldest.abort()
    return True


def _answer(status: str, sentence: str) -> bytes:
    """Format an answer without aiohttp, which needs a request for one."""
    body = msgspec.json.encode({"error": sentence})
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return f"{head}Retry-After: 2\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n".encode() + body

"""HTTP/1.1 on connections that stay open: what the shop needs of it.

aiohttp would be 25 MB more in each of its processes.
"""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import NamedTuple

HOST = "127.0.0.1"
LONGEST_BODY = 65_536
PATIENCE = 5.0  # for an answer, seconds


class Request(NamedTuple):
    """What is asked."""

    method: str
    path: str
    body: bytes


class Answer(NamedTuple):
    """What is answered."""

    status: int
    body: bytes = b""
    kind: str = "application/json"


Handler = Callable[[Request], Awaitable[Answer]]
Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def listen(port: int, handler: Handler) -> asyncio.Server:
    """Answer requests on a port; where somebody the handler needs is away, with 503."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                first, body = await _read(reader)
                method, path, _ = first.split(" ")
                answer = await _answer(handler, Request(method, path, body))
                line = f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}\r\nContent-Type: {answer.kind}"
                await _write(writer, line, answer.body)
        except (OSError, EOFError, ValueError, asyncio.LimitOverrunError):
            pass  # the other end went away, or speaks something else
        except asyncio.CancelledError:
            pass  # the service stops; Python 3.11 would log a traceback for every connection
        finally:
            writer.close()

    return await asyncio.start_server(
        connected, HOST, port, reuse_port=True
    )  # the process that started it keeps the port


class Backend:
    """A service that is asked."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[Stream] = []

    async def ask(self, method: str, path: str, body: bytes = b"") -> Answer:
        """Return its answer, on a connection that is open already if there is one. OSError, EOFError: it is away."""
        line = f"{method} {path} HTTP/1.1\r\nHost: {HOST}:{self._port}"
        while self._idle:
            try:
                return await self._talk(self._idle.pop(), line, body)
            except TimeoutError:
                raise
            except (OSError, EOFError):
                continue  # closed while nothing was asked
        return await self._talk(await asyncio.open_connection(HOST, self._port), line, body)

    async def _talk(self, stream: Stream, line: str, body: bytes) -> Answer:
        reader, writer = stream
        try:
            async with asyncio.timeout(PATIENCE):
                await _write(writer, line, body)
                first, answer = await _read(reader)
        except BaseException:
            writer.close()
            raise
        self._idle.append(stream)
        return Answer(int(first.split(" ")[1]), answer)


async def _answer(handler: Handler, request: Request) -> Answer:
    try:
        return await handler(request)
    except (OSError, EOFError):
        return Answer(HTTPStatus.SERVICE_UNAVAILABLE)


async def _write(writer: asyncio.StreamWriter, line: str, body: bytes) -> None:
    """Send a message in one piece, so that its first line is at the beginning of a packet."""
    writer.write(f"{line}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
    await writer.drain()


async def _read(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    """Return the first line and the body of a message; ValueError when it is none, or too long."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *fields = head.split("\r\n")
    named = (field.partition(":") for field in fields)
    length = next((int(value) for name, _, value in named if name.lower() == "content-length"), 0)
    if not 0 <= length <= LONGEST_BODY:
        raise ValueError("a body of such a length is not taken")
    return first, await reader.readexactly(length)

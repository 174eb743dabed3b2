"""One answer of the HTTP interface: its head, its body, and an error wherever it comes.

Before the head is sent an error has a status of its own. After it, ClickHouse ends the body with a block between two
marks that a client knows by a tag of the head, and breaks off (`src/Server/HTTP/WriteBufferFromHTTPServerResponse.cpp`,
`cancelWithException`).
"""

import json
import secrets
import string
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler

from sinks.embedded.engine import EngineError
from sinks.embedded.http_packing import Packing, Plain
from sinks.embedded.http_status import status_of

_MARK = "__exception__"
_LONGEST_MESSAGE = 16_000  # bytes; ClickHouse's block has 16 KiB in all
_SLOWER = 1.1  # every line of progress comes later than the last: a client takes a hundred (Python's http.client)

Headers = Mapping[str, str]


class Answer:
    """Writes the answer to one request through the handler that read it."""

    def __init__(self, handler: BaseHTTPRequestHandler) -> None:
        self.packing: Packing = Plain()
        self.headers: dict[str, str] = {}  # of every head
        self.in_format = ""  # the format of errors, where one can hold them
        self._handler = handler
        self._tag = "".join(secrets.choice(string.ascii_lowercase) for _ in range(16))
        self.broken = False  # it ends in an error, and the connection with it
        self._begun = False  # the status line is out
        self._reported = 0.0  # when progress was last sent, monotonic seconds
        self._wait = 0.0

    @property
    def started(self) -> bool:
        """Return whether any of it is sent."""
        return self._begun

    def begin_progress(self, seconds: float) -> None:
        """Send the status before the result is there, and then progress about as often as this."""
        self._wait, self._reported = seconds, time.monotonic()

    def progress(self, counts: Mapping[str, int]) -> None:
        """Add a line about progress to the head when it is time for one."""
        now = time.monotonic()
        if not self._wait or now - self._reported < self._wait:
            return
        self._reported, self._wait = now, self._wait * _SLOWER
        self._begin(200)
        some = {name: str(n) for name, n in counts.items() if n}
        self._handler.send_header("X-ClickHouse-Progress", json.dumps(some, separators=(",", ":")))
        self._handler.flush_headers()

    def result(self, pieces: Iterator[bytes], headers: Callable[[], Headers], hold: float) -> None:
        """Send a result; `headers` are asked for when the head is due: at its end, or when `hold` bytes are there.

        Raises EngineError as long as no byte of it is sent.
        """
        held, size = [], 0
        for piece in pieces:
            held.append(piece)
            size += len(piece)
            if size > hold:
                break
        else:
            self.whole(200, b"".join(held), headers())
            return
        self._stream(held, pieces, headers())

    def whole(self, status: int, body: bytes, headers: Headers) -> None:
        """Send an answer whose length is known."""
        packed = self.packing.pack(body) + self.packing.end() if body else b""
        self._start(status, {**headers, "Content-Length": str(len(packed))}, bool(body))
        if self._handler.command != "HEAD":
            self._handler.wfile.write(packed)

    def fail(self, error: EngineError, headers: Headers) -> None:
        """Answer with an error; when progress has been sent, its code is in the head and the status is not."""
        text = f"Code: {error.code}. {error.message}".rstrip()
        body = written(text, self.in_format) or f"{text}\n".encode("utf-8", "surrogateescape")
        self.whole(status_of(error.code), body, {**headers, "X-ClickHouse-Exception-Code": str(error.code)})

    def _stream(self, held: Iterable[bytes], pieces: Iterator[bytes], headers: Headers) -> None:
        handler, pack = self._handler, self.packing.pack
        chunked = handler.request_version != "HTTP/1.0"
        handler.close_connection |= not chunked
        self._start(200, {**headers, **({"Transfer-Encoding": "chunked"} if chunked else {})}, packed=True)

        def send(data: bytes) -> None:
            if data and handler.command != "HEAD":
                handler.wfile.write(b"%x\r\n%b\r\n" % (len(data), data) if chunked else data)

        for piece in held:
            send(pack(piece))
        try:
            for piece in pieces:
                send(pack(piece))
        except EngineError as error:
            text = f"Code: {error.code}. {error.message}".rstrip()
            formatted = written(text, self.in_format)
            send(pack(formatted or _block(text, self._tag)) + self.packing.flush())
            if not formatted:
                handler.close_connection = self.broken = True  # without the last chunk: it must not look whole
                return
        send(self.packing.end())
        if chunked and handler.command != "HEAD":
            handler.wfile.write(b"0\r\n\r\n")

    def _begin(self, status: int) -> None:
        if not self._begun:
            self._begun = True
            self._handler.send_response(status)

    def _start(self, status: int, headers: Headers, packed: bool) -> None:
        self._begin(status)
        encoding = {"Content-Encoding": self.packing.encoding} if packed and self.packing.encoding else {}
        plain = {"Content-Type": "text/plain; charset=UTF-8", "X-ClickHouse-Exception-Tag": self._tag}
        for name, value in {**plain, **self.headers, **headers, **encoding}.items():
            raw = value.encode("utf-8", "surrogateescape").decode(
                "latin-1"
            )  # bytes of the client's go back as they came
            self._handler.send_header(name, raw.replace("\r", " ").replace("\n", " "))
        if self._handler.close_connection:
            self._handler.send_header("Connection", "close")
        self._handler.end_headers()


def written(text: str, form: str) -> bytes:
    """Return an error as a format has it (`http_write_exception_in_output_format`); empty when it has none."""
    if not form.startswith(("JSON", "NDJSON")):
        return b""
    whole = json.dumps({"exception": text.encode("utf-8", "replace").decode()}, ensure_ascii=False)
    return f"{whole}\n".encode()


def _block(text: str, tag: str) -> bytes:
    message = text.encode("utf-8", "surrogateescape")[:_LONGEST_MESSAGE] + b"\n"
    end = f"{len(message)} {tag}\r\n{_MARK}\r\n"
    return f"\r\n{_MARK}\r\n{tag}\r\n".encode() + message + end.encode()

"""One connection to the HTTP interface, with ClickHouse's parameters, headers and status codes.

Source: clickhouse.com/docs/interfaces/http and ClickHouse's `src/Server/HTTPHandler.cpp`.
"""

import io
import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from itertools import chain
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from sinks.embedded import sql
from sinks.embedded.blocks import Block, blocks_of
from sinks.embedded.client import Client
from sinks.embedded.context import IDLE_SECONDS, INSERT_SECONDS, LOGIN_SECONDS, REQUEST_SECONDS, Context
from sinks.embedded.engine import EngineError
from sinks.embedded.http_body import PACKERS, read_body, unframed
from sinks.embedded.http_request import Request, credentials, request_of, stranger
from sinks.embedded.http_status import status_of
from sinks.embedded.peer import Peer
from sinks.embedded.places import Standing
from sinks.embedded.wire import frames

_MAX_BYTES = 4 * sql.MAX_TEXT  # of a statement in UTF-8
_MAX_INSERT = 256 << 20  # bytes of an INSERT, which is stored as a whole
# Formats without a head or foot for the whole result, so blocks can follow each other.
_STREAMED = {"Native", "TabSeparated", "TSV", "TabSeparatedRaw", "TSVRaw", "CSV", "RowBinary"} | {
    "JSONEachRow",
    "NDJSON",
    "JSONCompactEachRow",
}
_TYPES = {
    "JSON": "application/json; charset=UTF-8",
    "CSV": "text/csv; charset=UTF-8; header=absent",
    "CSVWithNames": "text/csv; charset=UTF-8; header=present",
    "JSONEachRow": "application/x-ndjson; charset=UTF-8",
    "JSONCompact": "application/json; charset=UTF-8",
    "Native": "application/octet-stream",
    "RowBinary": "application/octet-stream",
    "Parquet": "application/octet-stream",
    "Arrow": "application/octet-stream",
}
_TSV = "text/tab-separated-values; charset=UTF-8"
_RETRY = {202: "5", 209: "1", 439: "5"}  # seconds, by error code
_PAGES = {"/": b"Ok.\n", "/ping": b"Ok.\n", "/replicas_status": b"Ok.\n"}


class HttpSession(BaseHTTPRequestHandler):
    """Answers requests until the client closes; `busy` while one is worked on."""

    protocol_version = "HTTP/1.1"
    server_version = "ClickHouse"
    sys_version = ""
    error_message_format = "%(code)d %(message)s\n"
    error_content_type = "text/plain; charset=UTF-8"

    def __init__(self, peer: Peer, context: Context) -> None:
        self.busy = False
        self.command, self.requestline, self.request_version = "", "", self.protocol_version  # until a request has come
        self.close_connection = False
        self.request = peer
        self.client_address = peer.getpeername()
        self._context = context
        self._started = False  # an answer
        self._resting = False  # between two requests, and nothing of the next has come

    def serve(self) -> None:
        """Return when the client has gone; raises what Peer does, and EOFError."""
        self.rfile = self._reader = self.request.makefile("rb")
        self.wfile = _Writer(self.request)
        while not self.close_connection:
            self._next()

    def sorry(self, error: EngineError) -> None:
        """Say why the connection ends, unless an answer has begun. A reader that rests hears nothing."""
        if self._started or self.request.torn or (self._resting and self._standing is not Standing.STRANGER):
            return
        self._fail(error)

    def _next(self) -> None:
        """Answer one request."""
        self._started = False
        self._standing = self._context.places.standing(self.request)
        if self._standing is Standing.STRANGER:
            self.request.allow(LOGIN_SECONDS)
        else:
            self.request.rest(IDLE_SECONDS, REQUEST_SECONDS)
        self._resting = True
        if not self._reader.peek(1):
            self.close_connection = True
            return
        self._resting = False
        self.close_connection = True  # unless a whole head says otherwise
        self.handle_one_request()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what is no request, and what follows it is none either."""
        self.close_connection = True
        super().send_error(code, message, explain)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet: statements are the engine's to log."""

    def do_GET(self) -> None:
        """Answer a page or a query that only reads."""
        self._answer()

    def do_POST(self) -> None:
        """Answer any statement."""
        self._answer()

    do_HEAD = do_GET

    def do_OPTIONS(self) -> None:
        """Name the methods; pages of other sites are not let in."""
        self._send(204, b"", {"Allow": "GET, HEAD, POST, OPTIONS"})

    def _answer(self) -> None:
        self.busy = True
        try:
            if reason := stranger(self.headers):
                self.close_connection = True
                self._send(403, f"{reason}\n".encode())
                return
            url = urlsplit(self.path)
            values = dict(parse_qsl(url.query, keep_blank_values=True, errors="surrogateescape"))
            asks = "query" in values or self.command == "POST"
            if url.path != "/" or not asks:
                self._page(url.path)
                return
            self._query(values)
        except EngineError as error:
            self._fail(error)
        finally:
            self.busy = False

    def _page(self, path: str) -> None:
        if self.command == "POST" or {"content-length", "transfer-encoding"} & {name.lower() for name in self.headers}:
            self.close_connection = True  # its body is not read
        if path in _PAGES:
            self._send(200, _PAGES[path])
        else:
            self._send(404, f"There is no handle {path}\n".encode())

    def _query(self, values: dict[str, str]) -> None:
        user = self._context.users.login(*credentials(values, self.headers))
        self._context.settle(self.request, user)
        if not user.reads_only:
            self.request.stream(INSERT_SECONDS)
        if self.command != "POST":
            user = replace(user, reads_only=True)  # as in ClickHouse: GET changes nothing
        request = request_of(values, self.headers)
        database = values.get("database") or self.headers.get("X-ClickHouse-Database")
        with closing(Client(self._context.engine, user, database or "")) as client:
            body = read_body(self.rfile, self.headers)
            if values.get("decompress") == "1":
                body = unframed(body, _MAX_BYTES if user.reads_only else _MAX_INSERT)
            text = values.get("query", "")
            asked = (f"{text}\n".encode("utf-8", "surrogateescape"),) if text else ()
            pieces = chain(asked, body)
            head = bytearray()
            for piece in pieces:
                head += piece
                if len(head) > sql.INSERT_HEAD:
                    break
            # Latin-1 keeps one character a byte, so positions in the text are positions in bytes.
            insert = sql.insert(head[: sql.INSERT_HEAD].decode("latin-1"))
            if insert and not (insert.form == "Values" and request.parameters):
                self._insert(client, insert, chain((bytes(head[insert.data_from :]),), pieces), request)
                return
            for piece in pieces:
                head += piece
                if len(head) > _MAX_BYTES:
                    break  # which is said below
            self._select(client, sql.bounded(head.decode("utf-8", "surrogateescape").strip()), request)

    def _insert(self, client: Client, insert: sql.InsertText, data: Iterator[bytes], request: Request) -> None:
        insert = replace(insert, target=_utf8(insert.target), options=_utf8(insert.options))
        running = client.insert(insert, insert.form, request.settings)
        try:
            for piece in data:
                running.append(piece)
                if running.size > _MAX_INSERT:
                    raise EngineError(
                        307,
                        f"DB::Exception: Insert at most {_MAX_INSERT >> 20} MiB in one request, "
                        "or use the native protocol. (TOO_MANY_BYTES)",
                    )
            rows = running.finish()
        finally:
            running.cancel()
        self._send(200, b"", self._about(request, client, request.form, written=rows))

    def _select(self, client: Client, text: str, request: Request) -> None:
        named, sure = sql.output_format(text)
        form = named or request.form
        streamed = sure and form in _STREAMED and request.values.get("wait_end_of_query") != "1"
        with self._context.working(client, self.request):
            result = client.run(text, request.form, request.settings, request.parameters, streamed)
            with closing(result):  # type: ignore[type-var]
                pieces: Iterator[bytes] = result
                if form == "Native":
                    pieces = self._native(client, text, request, result)
                first = next(pieces, b"")
                second = next(pieces, None)
                self._result(client, request, form, first, second, pieces)

    def _native(self, client: Client, text: str, request: Request, result: Iterator[bytes]) -> Iterator[bytes]:
        some = False
        for piece in result:
            some = True
            if request.revision:
                yield b"".join(block.encode(request.revision) for block in blocks_of(piece))
            else:
                yield piece
        columns = () if some else client.empty_columns(sql.without_format(text), request.parameters)
        if columns:
            yield Block(0, columns).encode(request.revision)

    def _result(
        self,
        client: Client,
        request: Request,
        form: str,
        first: bytes,
        second: bytes | None,
        rest: Iterator[bytes],
    ) -> None:
        headers = self._about(request, client, form)
        framed = request.values.get("compress") == "1"
        accepted = self.headers.get("Accept-Encoding", "") if not framed else ""
        if request.values.get("enable_http_compression") != "1":
            accepted = ""
        offered = [part.split(";")[0].strip() for part in accepted.split(",")]
        encoding = next((each for each in PACKERS if each in offered), None)
        packer = PACKERS[encoding]() if encoding else None
        if encoding:
            headers["Content-Encoding"] = encoding

        def pack(data: bytes) -> bytes:
            return packer.compress(data) if packer else frames(data) if framed else data

        if second is None:
            self._send(200, pack(first) + (packer.flush() if packer else b""), headers)
            return
        self.close_connection = self.close_connection or self.request_version == "HTTP/1.0"
        self._start(200, {**headers, "Transfer-Encoding": "chunked"})
        try:
            for piece in chain((first, second), rest):
                self._chunk(pack(piece))
        except EngineError as error:  # too late for a status: say it, and break off
            self._chunk(pack(f"\nCode: {error.code}. {error.message}\n".encode()))
            self.close_connection = True
            return
        self._chunk(packer.flush() if packer else b"")
        self.wfile.write(b"0\r\n\r\n")

    def _about(self, request: Request, client: Client, form: str, written: int = 0) -> dict[str, str]:
        session = client.session
        summary = {
            "read_rows": session.read_rows,
            "read_bytes": session.read_bytes,
            "written_rows": written,
            "written_bytes": 0,
            "total_rows_to_read": 0,
            "result_rows": 0,
            "result_bytes": 0,
            "elapsed_ns": int(session.elapsed * 1e9),
        }
        return {
            "Content-Type": _TYPES.get(form, _TSV if form.startswith("T") else "text/plain"),
            "X-ClickHouse-Query-Id": request.query_id,
            "X-ClickHouse-Format": form,
            "X-ClickHouse-Timezone": self._context.engine.timezone,
            "X-ClickHouse-Server-Display-Name": "servicemap",
            "X-ClickHouse-Summary": json.dumps({name: str(n) for name, n in summary.items()}),
        }

    def _fail(self, error: EngineError) -> None:
        self.close_connection = True  # the rest of the request's body is not read
        headers = {"X-ClickHouse-Exception-Code": str(error.code)}
        if error.code in _RETRY:
            headers["Retry-After"] = _RETRY[error.code]
        if error.code == 516 and "Authorization" not in self.headers:
            headers["WWW-Authenticate"] = 'Basic realm="ClickHouse server HTTP API"'
        text = f"Code: {error.code}. {error.message}\n"
        self._send(status_of(error.code), text.encode("utf-8", "surrogateescape"), headers)

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self._start(status, {**(headers or {}), "Content-Length": str(len(body))})
        if self.command != "HEAD":
            self.wfile.write(body)

    def _start(self, status: int, headers: dict[str, str]) -> None:
        self._started = True
        self.send_response(status)
        for name, value in {"Content-Type": "text/plain; charset=UTF-8", **headers}.items():
            self.send_header(name, value.replace("\r", " ").replace("\n", " "))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()

    def _chunk(self, data: bytes) -> None:
        if data and self.command != "HEAD":
            self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))


class _Writer(io.BufferedIOBase):
    """A peer as the base class writes to it."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._peer.sendall(data)
        return len(data)


def _utf8(text: str) -> str:
    return text.encode("latin-1").decode("utf-8", "surrogateescape")

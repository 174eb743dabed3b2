"""One connection to the HTTP interface, with ClickHouse's parameters, headers and status codes.

Source: clickhouse.com/docs/interfaces/http and ClickHouse's `src/Server/HTTPHandler.cpp`.
"""

import io
import json
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from itertools import chain
from typing import Any
from urllib.parse import parse_qsl

from schemas.metrics import exposition
from sinks.embedded import sql
from sinks.embedded.client import Client
from sinks.embedded.context import IDLE_SECONDS, INSERT_SECONDS, LOGIN_SECONDS, REQUEST_SECONDS, Context
from sinks.embedded.engine import EngineError
from sinks.embedded.external import MAX_BYTES, of_files
from sinks.embedded.http_answer import Answer
from sinks.embedded.http_body import read_body, unframed
from sinks.embedded.http_form import boundary_of, read_form
from sinks.embedded.http_metrics import METRICS_TYPE, samples
from sinks.embedded.http_request import Request, credentials, request_of, stranger
from sinks.embedded.http_result import answer_to, select, summary
from sinks.embedded.peer import Peer, TooSlow
from sinks.embedded.places import Standing
from sinks.embedded.room import Share
from sinks.embedded.users import User

_MAX_BYTES = 4 * sql.MAX_TEXT  # of a statement in UTF-8
_MAX_INSERT = 256 << 20  # bytes of an INSERT, which is stored as a whole
_PARTING_SECONDS = 2.0
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
        self._share = Share(context.room)
        self._answer = Answer(self)
        self._body: Iterator[bytes] | None = None
        self._resting = False  # between two requests, and nothing of the next has come

    def serve(self) -> None:
        """Return when the client has gone; raises what Peer does, and EOFError."""
        self.rfile = self._reader = self.request.makefile("rb")
        self.wfile = _Writer(self.request)
        while not self.close_connection:
            self._next()

    def sorry(self, error: EngineError) -> None:
        """Send why the connection ends, unless an answer has begun. A reader that rests gets nothing."""
        if self._answer.started or self.request.torn or (self._resting and self._standing is not Standing.STRANGER):
            return
        self._fail(error)

    def _next(self) -> None:
        """Answer one request."""
        self._answer, self._body = Answer(self), None
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
        self.close_connection = True  # unless a whole head allows more
        self.handle_one_request()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what is no request, and what follows it is none either."""
        self.close_connection = True
        super().send_error(code, message, explain)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet: statements are the engine's to log."""

    def do_GET(self) -> None:
        """Answer a page or a query that only reads."""
        self._respond()

    def do_POST(self) -> None:
        """Answer any statement."""
        self._respond()

    do_HEAD = do_GET

    def do_OPTIONS(self) -> None:
        """Name the methods; pages of other sites are not let in."""
        self._send(204, b"", {"Allow": "GET, HEAD, POST, OPTIONS"})

    def _respond(self) -> None:
        self.busy = True
        try:
            if reason := stranger(self.headers, any_name=not self._context.users.open):
                self.close_connection = True
                self._send(403, f"{reason}\n".encode())
                return
            path, _, query = self.path.partition("?")
            values = dict(parse_qsl(query, keep_blank_values=True, errors="surrogateescape"))
            asks = "query" in values or self.command == "POST"
            if path != "/" or not asks:
                self._page(path)
                return
            self._query(values)
            if self._answer.broken:
                self._part()
        except EngineError as error:
            self._fail(error)
        finally:
            self.busy = False
            self._share.clear()

    def _part(self) -> None:
        """Let the client read why the answer breaks off: some look at an end of the connection first."""
        self.request.allow(_PARTING_SECONDS)
        with suppress(TooSlow):
            self.request.recv()

    def _page(self, path: str) -> None:
        if self.command == "POST" or {"content-length", "transfer-encoding"} & {name.lower() for name in self.headers}:
            self.close_connection = True  # its body is not read
        if path in _PAGES:
            self._send(200, _PAGES[path])
        elif path == "/health":
            health = {"connections": self._context.places.counts(), "trouble": self._context.tally.counts()}
            self._send(200, json.dumps(health).encode() + b"\n", {"Content-Type": "application/json"})
        elif path == "/metrics":
            self._send(200, exposition(samples(self._context)), {"Content-Type": METRICS_TYPE})
        else:
            self._send(404, f"There is no handle {path}\n".encode())

    def _query(self, values: dict[str, str]) -> None:
        user = self._context.users.login(*credentials(values, self.headers))
        self._context.settle(self.request, user)
        if not user.reads_only:
            self.request.stream(INSERT_SECONDS)
        limit = _MAX_BYTES if user.reads_only else _MAX_INSERT
        body = self._body = read_body(self.rfile, self.headers)
        if values.get("decompress") == "1":
            body = unframed(body, limit)
        if user.reads_only:
            body = self._share.counted(body)
        files: dict[str, bytes] = {}
        if boundary := boundary_of(self.headers.get("Content-Type", "")):
            form = read_form(_gathered(body, max(limit, MAX_BYTES)), boundary)
            values, files, body = values | form.fields, form.files, iter(())
        request = request_of(values, self.headers, files)
        self._answer = answer_to(request, self, self._context.engine.timezone)
        with self._client(user, request) as client:
            given, replaces = request.query_id if request.named else "", request.has("replace_running_query")
            with self._context.ids.running(given, user.name, client.tag, replaces):
                self._statement(client, request, body)

    @contextmanager
    def _client(self, user: User, request: Request) -> Iterator[Client]:
        """Lend the client of the request's session, else one that is closed behind the request."""

        def make() -> Client:
            return Client(self._context.engine, self._context.judge, self._context.ids, user, request.database)

        name = request.values.get("session_id")
        if not name:
            if self.command != "POST":
                user = replace(user, reads_only=True)  # as in ClickHouse: GET changes nothing
            with closing(make()) as client:
                yield client
            return
        known = request.has("session_check")
        with self._context.sessions.lent(user.name, name, request.session_seconds, known, make) as client:
            if request.database:
                client.use(request.database)
            yield client

    def _statement(self, client: Client, request: Request, body: Iterator[bytes]) -> None:
        text = request.values.get("query", "")
        asked = (f"{text}\n".encode("utf-8", "surrogateescape"),) if text else ()
        pieces = chain(asked, body)
        head = bytearray()
        for piece in pieces:
            head += piece
            if len(head) > sql.INSERT_HEAD:
                break
        # Latin-1 keeps one character a byte, so positions in the text are positions in bytes.
        insert = sql.insert(head[: sql.INSERT_HEAD].decode("latin-1"))
        if insert and self.command == "POST" and not (insert.form == "Values" and request.parameters):
            self._insert(client, insert, chain((bytes(head[insert.data_from :]),), pieces), request)
            return
        for piece in pieces:
            head += piece
            if len(head) > _MAX_BYTES:
                break  # refused below
        statement = sql.bounded(head.decode("utf-8", "surrogateescape").strip())
        if not (client.user.reads_only or self.command == "POST" or client.session.kind(statement)[0] == "READ_ONLY"):
            raise EngineError(164, "DB::Exception: GET changes nothing: use POST. (READONLY)")
        tables = of_files(request.files, request.values)
        with self._context.working(client, self.request), client.with_tables(tables):
            select(client, statement, request, self._answer)

    def _insert(self, client: Client, insert: sql.InsertText, data: Iterator[bytes], request: Request) -> None:
        insert = replace(insert, target=_utf8(insert.target), options=_utf8(insert.options))
        running = client.insert(insert, insert.form, request.settings)
        size = 0
        try:
            for piece in data:
                size += len(piece)
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
        self._answer.whole(200, b"", summary(client, request.form, written=rows, size=size))

    def _fail(self, error: EngineError) -> None:
        if not self._has_read_all():
            self.close_connection = True
        headers = {}
        if error.code in _RETRY:
            headers["Retry-After"] = _RETRY[error.code]
        if error.code == 516 and "Authorization" not in self.headers:
            headers["WWW-Authenticate"] = 'Basic realm="ClickHouse server HTTP API"'
        self._answer.fail(error, headers)

    def _has_read_all(self) -> bool:
        """Return whether the next request begins where this one's reader stands; looks at a piece of a body at most."""
        if self._body is None:
            return False
        with suppress(EngineError):
            return next(self._body, None) is None
        return False

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self._answer.whole(status, body, headers or {})


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


def _gathered(pieces: Iterator[bytes], limit: int) -> bytes:
    body = bytearray()
    for piece in pieces:
        body += piece
        if len(body) > limit:
            raise _too_large()
    return bytes(body)


def _too_large() -> EngineError:
    return EngineError(223, "DB::Exception: The query is too large. (QUERY_IS_TOO_LARGE)")

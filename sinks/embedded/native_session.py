"""One native-protocol connection: from hello to goodbye, one query after the other."""

import time
from collections.abc import Mapping
from contextlib import closing

from sinks.embedded import native, sql, totals
from sinks.embedded.blocks import Block, blocks_of, read_block
from sinks.embedded.client import Client
from sinks.embedded.context import IDLE_SECONDS, INSERT_SECONDS, LOGIN_SECONDS, REQUEST_SECONDS, Context
from sinks.embedded.engine import EngineError
from sinks.embedded.external import MAX_BYTES, External, of_blocks, too_much
from sinks.embedded.peer import Peer
from sinks.embedded.progress import Progress
from sinks.embedded.room import Share
from sinks.embedded.steps import skip
from sinks.embedded.wire import Source, frames, read_frame

_CANCELLED = 394  # QUERY_WAS_CANCELLED
_HELLO, _READERS, _WRITERS = 64 << 10, MAX_BYTES + (1 << 20), 256 << 20  # bytes of a packet
_GATHER = 32 << 20  # bytes of an INSERT stored at once; a longer one is atomic by such pieces
_HTTP_ANSWER = (
    b"HTTP/1.0 400 Bad Request\r\n\r\nThis is the store's native port: use the HTTP port, see store.json.\r\n"
)


class NativeSession:
    """Speaks to one client until it leaves. `busy` is true from a query to its answer's end."""

    def __init__(self, peer: Peer, context: Context) -> None:
        self.busy = False
        self._resting = False  # between two packets, and nothing of the next has come
        self._peer = peer
        self._context = context
        self._share = Share(context.room)
        self._wire = Source(peer.recv, _HELLO)
        self._frames = Source(lambda: read_frame(self._wire, self._frames.limit), _HELLO)
        self._revision = 0
        self._compressed = False
        self._blocks = 0  # of the newest result
        self._progress = Progress()

    def serve(self) -> None:
        """Return when the client has gone or broke the protocol; raises what Peer does, and EOFError."""
        self._peer.allow(LOGIN_SECONDS)
        try:
            client = self._welcome()
        except EngineError as error:
            self._peer.sendall(native.exception(error))
            return
        if client is None:
            return
        with closing(client):
            native.read_addendum(self._wire, self._revision)
            try:
                while self._packet(client):
                    self.busy = False
                    self._wire.forget()
                    self._share.clear()
            finally:
                self._share.clear()

    def sorry(self, error: EngineError) -> None:
        """Send why the connection ends. A client that rests gets nothing: it connects again when it wants something."""
        if not self._resting and not self._peer.torn:
            self._peer.sendall(native.exception(error))

    def _welcome(self) -> Client | None:
        first = self._wire.varint()
        if first in {ord(letter) for letter in "GPOH"}:
            self._peer.sendall(_HTTP_ANSWER)
            return None
        if first != native.HELLO:
            raise _unexpected(first)
        hello = native.read_hello(self._wire)
        self._revision = hello.revision
        user = self._context.users.login(hello.user, hello.password)
        self._context.settle(self._peer, user)
        self._wire.limit = self._frames.limit = _READERS if user.reads_only else _WRITERS
        if user.reads_only:
            self._wire.keeping = self._frames.keeping = self._share.add
        engine = self._context.engine
        client = Client(engine, self._context.judge, self._context.ids, user, hello.database)
        answer = native.hello(hello.revision, engine.version, engine.timezone, "servicemap")
        self._peer.sendall(answer)
        return client

    def _packet(self, client: Client) -> bool:
        """Answer one packet; False ends the connection."""
        self._peer.rest(IDLE_SECONDS, REQUEST_SECONDS)
        self._resting = True
        self._wire.need(1)
        self._resting = False
        kind = self._wire.varint()
        if kind == native.PING:
            self._peer.sendall(native.PONG)
            return True
        if kind in (native.CANCEL, native.KEEP_ALIVE):  # the first came after the end of what it was to stop
            return True
        self.busy = True
        try:
            if kind == native.DATA:  # sent before the client saw that its INSERT had failed
                self._read_block()
                return True
            if kind == native.TABLES_STATUS:
                asked = native.read_tables_status(self._wire)
                self._peer.sendall(native.tables_status([table for table in asked if client.has_table(*table)]))
                return True
            if kind != native.QUERY:
                raise _unexpected(kind)
            types = self._context.setting_types
            query = native.read_query(self._wire, self._revision, types)
            self._compressed = query.compressed
            tables = self._read_external_tables()
        except EngineError as error:  # where the next packet begins is unknown
            self._peer.sendall(native.exception(error))
            return False
        insert = sql.insert(query.text[: sql.INSERT_HEAD])
        replaces = query.settings.get("replace_running_query", "0") == "1"
        try:
            with self._context.ids.running(query.query_id, client.user.name, client.tag, replaces):
                if insert and not query.text[insert.data_from :].strip(" \t\r\n;"):
                    return self._insert(client, insert, query)
                self._select(client, query, tables)
        except EngineError as error:
            stopped = error.code == _CANCELLED and self._has_cancelled()
            self._peer.sendall(native.END_OF_STREAM if stopped else native.exception(error))
        return True

    def _select(self, client: Client, query: native.Query, tables: list[External]) -> None:
        if not query.whole:
            raise EngineError(
                48,
                "DB::Exception: This store takes no part in distributed queries: ask it for a whole result, as "
                "remote() of one address does. (NOT_IMPLEMENTED)",
            )
        text = sql.without_format(sql.bounded(query.text))
        settings = client.accepted(query.settings) if query.secondary else query.settings
        self._blocks, self._progress = 0, Progress()
        with self._context.working(client, self._peer), client.with_tables(tables):
            if client.may_have_totals(text, settings):
                self._send_whole(totals.run(client, text, settings, query.parameters))
            else:
                self._send_rows(client, text, settings, query.parameters)
        done = client.session.counts
        self._peer.sendall(
            native.profile(done.result_rows, self._blocks, done.result_bytes)
            + native.progress(*self._progress.rest(done.read_rows, done.read_bytes), self._revision)
            + native.END_OF_STREAM
        )

    def _send_rows(self, client: Client, text: str, settings: Mapping[str, str], parameters: Mapping[str, str]) -> None:
        """Send a result as it comes."""
        with closing(client.run(text, "Native", settings, parameters, progress=self._send_progress)) as result:  # type: ignore[type-var]
            for chunk in result:
                for block in blocks_of(chunk):
                    if not self._blocks:
                        self._send_block(block.header())
                    self._send_block(block)
                    self._blocks += 1
        if not self._blocks and (columns := client.empty_columns(text, parameters)):
            self._send_block(Block(0, columns))

    def _send_progress(self, counts: Mapping[str, int]) -> None:
        """Send how far a query is, so that its client goes on waiting."""
        if news := self._progress.due(counts, time.monotonic()):
            self._peer.sendall(native.progress(*news, self._revision))

    def _send_whole(self, result: totals.Result | None) -> None:
        """Send a result with what stands behind its rows."""
        if result is None:
            return
        self._blocks = len(result.rows)
        for block in (result.header, *result.rows):
            self._send_block(block)
        for block in result.totals:
            self._send_block(block, native.TOTALS_HEAD)
        for block in result.extremes:
            self._send_block(block, native.EXTREMES_HEAD)

    def _has_cancelled(self) -> bool:
        return self._peer.peek() == bytes([native.CANCEL])

    def _insert(self, client: Client, insert: sql.InsertText, query: native.Query) -> bool:
        """Take the blocks of an INSERT; False when the stream of blocks cannot be followed."""
        try:
            columns = client.insert_columns(insert, query.settings)
            for column in columns:
                skip(column.type)  # refused before the client sends what could not be followed
            running = client.insert(insert, "Native", query.settings)
        except EngineError as error:
            self._peer.sendall(native.exception(error))
            return True
        self._send_block(Block(0, columns))
        self._peer.stream(INSERT_SECONDS)
        try:
            while True:
                try:
                    block = self._read_data()
                except EngineError as error:  # where the next packet begins is unknown
                    self._peer.sendall(native.exception(error))
                    return False
                if block.rows:
                    running.append(block.encode(0))
                if running.size > _GATHER:
                    running.flush()
                self._peer.sendall(native.insert_events(self._revision))
                if not block.columns:
                    break
            running.finish()
            self._peer.sendall(native.END_OF_STREAM)
        except EngineError as error:
            self._peer.sendall(native.exception(error))
        finally:
            running.cancel()
        return True

    def _read_data(self) -> Block:
        kind = self._wire.varint()
        if kind != native.DATA:
            raise _unexpected(kind)
        return self._read_block()[1]

    def _read_block(self) -> tuple[str, Block]:
        """Return a table's name, empty for that of an INSERT, and a block of it."""
        name = self._wire.string()
        source = self._frames if self._compressed else self._wire
        block = read_block(source, self._revision)
        source.forget()
        return name, block

    def _read_external_tables(self) -> list[External]:
        found: dict[str, list[Block]] = {}
        size = 0
        while True:
            kind = self._wire.varint()
            if kind not in (native.DATA, native.SCALAR):
                raise _unexpected(kind)
            name, block = self._read_block()
            if kind == native.SCALAR:  # of another server, which puts what it needs of them into the text of the query
                continue
            if not block.columns:
                return [of_blocks(name, blocks) for name, blocks in found.items()]
            found.setdefault(name, []).append(block)
            size += sum(len(column.data) for column in block.columns)
            if size > MAX_BYTES:
                raise too_much()

    def _send_block(self, block: Block, head: bytes = native.DATA_HEAD) -> None:
        data = block.encode(self._revision)
        self._peer.sendall(head + (frames(data) if self._compressed else data))


def _unexpected(kind: int) -> EngineError:
    return EngineError(101, f"DB::NetException: Unexpected packet {kind} from client (UNEXPECTED_PACKET)")

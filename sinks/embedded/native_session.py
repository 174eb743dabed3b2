"""One native-protocol connection: from hello to goodbye, one query after the other."""

from contextlib import closing

from sinks.embedded import native, sql
from sinks.embedded.blocks import Block, blocks_of, read_block, skip
from sinks.embedded.client import Client
from sinks.embedded.context import IDLE_SECONDS, INSERT_SECONDS, LOGIN_SECONDS, REQUEST_SECONDS, Context
from sinks.embedded.engine import EngineError
from sinks.embedded.peer import Peer
from sinks.embedded.wire import Source, frames, read_frame

_CANCELLED = 394  # QUERY_WAS_CANCELLED
# Bytes of a packet. A query of more than 256 KiB is none for the engine (max_query_size).
_HELLO, _QUERY, _BLOCK = 64 << 10, 1 << 20, 256 << 20
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
        self._wire = Source(peer.recv, _HELLO)
        self._frames = Source(lambda: read_frame(self._wire, self._frames.limit), _QUERY)
        self._revision = 0
        self._compressed = False

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
            while self._packet(client):
                self.busy = False
                self._wire.forget()

    def sorry(self, error: EngineError) -> None:
        """Say why the connection ends. A client that rests hears nothing: it connects again when it wants something."""
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
        self._wire.limit = self._frames.limit = _QUERY if user.reads_only else _BLOCK
        engine = self._context.engine
        client = Client(engine, self._context.judge, user, hello.database)
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
        if kind == native.CANCEL:  # came after the end of what it was to stop
            return True
        self.busy = True
        try:
            if kind == native.DATA:  # sent before the client saw that its INSERT had failed
                self._read_block()
                return True
            if kind != native.QUERY:
                raise _unexpected(kind)
            types = self._context.setting_types
            query = native.read_query(self._wire, self._revision, types)
            self._compressed = query.compressed
            self._read_external_tables()
        except EngineError as error:  # where the next packet begins is unknown
            self._peer.sendall(native.exception(error))
            return False
        insert = sql.insert(query.text[: sql.INSERT_HEAD])
        if insert and not query.text[insert.data_from :].strip(" \t\r\n;"):
            return self._insert(client, insert, query)
        try:
            self._select(client, query)
        except EngineError as error:
            stopped = error.code == _CANCELLED and self._has_cancelled()
            self._peer.sendall(native.END_OF_STREAM if stopped else native.exception(error))
        return True

    def _select(self, client: Client, query: native.Query) -> None:
        text = sql.without_format(sql.bounded(query.text))
        rows = blocks = size = 0
        with self._context.working(client, self._peer):
            result = client.run(text, "Native", query.settings, query.parameters)
            with closing(result):  # type: ignore[type-var]
                for chunk in result:
                    for block in blocks_of(chunk):
                        if not blocks:
                            self._send_block(block.header())
                        self._send_block(block)
                        rows += block.rows
                        blocks += 1
                    size += len(chunk)
        if not blocks:
            columns = client.empty_columns(text, query.parameters)
            if columns:
                self._send_block(Block(0, columns))
        done = client.session.counts
        self._peer.sendall(
            native.profile(rows, blocks, size)
            + native.progress(done.read_rows, done.read_bytes, self._revision)
            + native.END_OF_STREAM
        )

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
        return self._read_block()

    def _read_block(self) -> Block:
        self._wire.string()  # an external table's name
        source = self._frames if self._compressed else self._wire
        block = read_block(source, self._revision)
        source.forget()
        return block

    def _read_external_tables(self) -> None:
        while self._read_data().columns:
            raise EngineError(48, "DB::Exception: External tables are not supported here. (NOT_IMPLEMENTED)")

    def _send_block(self, block: Block) -> None:
        data = block.encode(self._revision)
        self._peer.sendall(native.DATA_HEAD + (frames(data) if self._compressed else data))


def _unexpected(kind: int) -> EngineError:
    return EngineError(101, f"DB::NetException: Unexpected packet {kind} from client (UNEXPECTED_PACKET)")

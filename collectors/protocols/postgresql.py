"""PostgreSQL: version 3 of its protocol. https://www.postgresql.org/docs/current/protocol-message-formats.html

A request is a statement that is run: a simple query (until the server is ready again), or an Execute of the extended
protocol. Executes may be sent without waiting. After an error the server skips all that comes before the next Sync, so
these executes fail too. What fails without an Execute (a statement that cannot be prepared) counts as one request.

An answer is named by its command tag, of which the first word is known here (SELECT, INSERT); never by the statement.
"""

import struct

from collectors.protocols.parser import LOST, OTHER, Parser
from schemas.results import ERROR, OK, UNSEEN

STATEMENT, SYNC = "STATEMENT", ""
_QUERY = "QUERY"
_COMMANDS = """
SELECT INSERT UPDATE DELETE MERGE BEGIN COMMIT ROLLBACK SAVEPOINT RELEASE START COPY FETCH MOVE DECLARE CLOSE
PREPARE EXECUTE DEALLOCATE DISCARD CREATE ALTER DROP TRUNCATE GRANT REVOKE ANALYZE VACUUM EXPLAIN SET RESET
SHOW LISTEN NOTIFY UNLISTEN LOCK CALL DO CHECKPOINT REINDEX CLUSTER REFRESH COMMENT VALUES
"""
_TAGS = {name.encode(): name for name in _COMMANDS.split()}
_HEADER = struct.Struct("!BI").unpack_from
_LENGTH = struct.Struct("!II").unpack_from
_STARTUP = frozenset(0x30000 + minor for minor in range(3))
_ENCRYPTIONS = frozenset({80877103, 80877104})  # SSLRequest and GSSENCRequest, answered by one byte
_STARTS = _STARTUP | _ENCRYPTIONS
_FROM_CLIENT = frozenset(b"QPBEDCHSXFdcfp")
_FROM_SERVER = frozenset(b"RSKZCIsENATDtn123GHWdcVv")
_EXTENDED = frozenset(b"PBDECHS")
(_Q, _E, _S, _F, _H, _C, _I, _SUSPENDED, _READY, _BOTH) = b"QESFHCIsZW"
_LONGEST_STARTUP, _LONGEST_TAG, _LONGEST_QUERY = 10_000, 128, 1 << 24
_MOST_MESSAGES = 1 << 30
_IS_READY, _LONGEST_ERROR = b"Z\0\0\0\5", 8_192


def _is_query(payload: bytes, length: int, size: int) -> bool:
    """Return whether a message that is called a query ends with this segment, or goes on behind text."""
    if length != size - 1:
        return size <= length <= _LONGEST_QUERY and payload[5:21].isascii() and payload[5:6] >= b" "
    return size > len(payload) or payload[-1] == 0


class PostgreSQL(Parser):
    """A connection to a PostgreSQL, or to what speaks its protocol."""

    __slots__ = ("_failed", "_negotiating", "_starting", "_tag")
    name = "postgresql"
    rejoins = True

    def __init__(self) -> None:
        super().__init__()
        self._starting = False  # the client's next message has no type yet
        self._negotiating = False  # the server's next answer is a byte, on encryption
        self._failed = False  # since the server was last ready
        self._tag = ""  # of a simple query

    @classmethod
    def asks(cls, payload: bytes, size: int) -> bool:
        """Return whether a segment is how a connection starts, a query, or messages up to a Sync or a Flush."""
        if len(payload) < 5:
            return False
        if size >= 8 and len(payload) >= 8:
            whole, code = _LENGTH(payload)
            if code in _STARTS:
                return bool(whole == size)
        kind, length = _HEADER(payload)
        if kind == _Q:
            return _is_query(payload, length, size)
        here = 0
        while kind in _EXTENDED and length >= 4:
            here += 1 + length
            if here == size:
                return kind in (_S, _H)
            if here + 5 > len(payload):
                return bool(len(payload) < here < size)  # the rest is not seen
            kind, length = _HEADER(payload, here)
        return False

    def begin(self, payload: bytes) -> None:
        """Start with the start of a connection, or with a query."""
        super().begin(payload)
        self._starting = len(payload) >= 8 and _LENGTH(payload)[1] in _STARTS
        self._negotiating, self._failed, self._tag = False, False, ""

    def client(self, data: bytes, at: int) -> int:
        """Take what asks for something."""
        here, size = 0, len(data)
        while here + 5 <= size:
            if self._starting:
                if here + 8 > size:
                    break
                length, code = _LENGTH(data, here)
                if code not in _STARTS or not 8 <= length <= _LONGEST_STARTUP:
                    return LOST
                self._starting, self._negotiating = code in _ENCRYPTIONS, code in _ENCRYPTIONS
                here += length
                continue
            kind, length = _HEADER(data, here)
            if length < 4 or length > _MOST_MESSAGES or kind not in _FROM_CLIENT:
                return LOST
            here += 1 + length
            if kind in (_Q, _F):
                self.ask(_QUERY, at)
            elif kind == _E:
                self.ask(STATEMENT, at)
            elif kind == _S:
                self.ask(SYNC, at)
        return here

    def server(self, data: bytes, at: int) -> int:
        """Take what answers."""
        here, size = 0, len(data)
        if self._negotiating and size:
            self._negotiating, self.confirmed = False, data[0] in b"SNG"
            here = 1
            if data[0] != ord("N"):
                self.opaque, self.encrypted = True, data[0] in b"SG"
                return size
        waiting = self.waiting
        while here + 5 <= size:
            kind, length = _HEADER(data, here)
            if length < 4 or length > _MOST_MESSAGES or kind not in _FROM_SERVER:
                return LOST
            after = here + 1 + length
            if kind == _C:
                if length > _LONGEST_TAG:
                    return LOST
                if after > size:
                    break
                self._complete(_TAGS.get(data[here + 5 : after - 1].partition(b" ")[0], OTHER), at)
            elif kind == _E:
                self._fail(at)
            elif kind == _READY:
                self._ready(at)
            elif kind in (_I, _SUSPENDED):
                self._complete(STATEMENT, at)
            elif kind == _BOTH:
                self.opaque = True  # replication
                waiting.clear()
            here = after
        return here

    def _complete(self, tag: str, at: int) -> None:
        """Take the end of a statement; a simple query may have several."""
        if self.waiting:
            operation = self.waiting[0][0]
            if operation == _QUERY:
                self._tag = self._tag or tag
            elif operation == STATEMENT and not self._failed:
                self._done(tag, OK, at)

    def _fail(self, at: int) -> None:
        self.confirmed = True
        waiting, before = self.waiting, self._failed
        self._failed = True
        if waiting and not before:
            operation, asked = waiting[0]
            if operation == STATEMENT:
                self._done(STATEMENT, ERROR, at)
            elif operation == SYNC:
                self.counts.add(STATEMENT, ERROR, at - asked)

    def _ready(self, at: int) -> None:
        """Take that the server is ready: what waits up to the query or the Sync before that is done, or skipped."""
        self.confirmed = True
        waiting = self.waiting
        while waiting:
            operation = waiting[0][0]
            if operation == STATEMENT:
                self._done(STATEMENT, ERROR if self._failed else OK, at)
                continue
            if operation == SYNC:
                waiting.popleft()
            elif self._failed:
                self._done(STATEMENT, ERROR, at)
            else:
                self._done(self._tag or STATEMENT, OK, at)
            break
        self._failed, self._tag = False, ""

    def _done(self, operation: str, result: str, at: int) -> None:
        self.confirmed = True
        asked = self.waiting.popleft()[1]
        self.counts.add(operation, result, at - asked)

    def rejoin(self, data: bytes, at: int) -> bool:
        """Take the end of a result that is too large to be seen: a tag or an error, and that the server is ready."""
        end = len(data) - len(_IS_READY) - 1
        if not data.startswith(_IS_READY, max(end, 0)):
            return False
        for kind in b"CE":
            begin = data.rfind(bytes((kind, 0, 0)), max(0, end - _LONGEST_ERROR), end)
            if begin >= 0 and begin + 1 + _HEADER(data, begin)[1] == end:
                self.server(data[begin:], at)
                return True
        return False

    def end_unseen(self) -> None:
        """Count statements whose ends were not seen."""
        for _ in range(self.drop()):
            self.counts.add_unseen(STATEMENT, UNSEEN)

    def drop(self) -> int:
        """Forget what waits; return how many requests that were, without the Syncs."""
        syncs = sum(operation == SYNC for operation, _ in self.waiting)
        return super().drop() - syncs

"""MySQL and MariaDB: the client/server protocol. https://dev.mysql.com/doc/dev/mysql-server/latest/PAGE_PROTOCOL.html

Packets of an exchange are numbered from 0, which is the command; so an answer begins with number 1, and is an error if
that packet is one. A result that breaks off amid its rows counts by how it began. The time is that to the beginning.

A query is named by its first word, if it is one that is known here; an execute of a prepared statement is just that.
"""

import re
import struct

from collectors.protocols.parser import LOST, OTHER, Parser
from schemas.results import ERROR, OK

_HEADER = struct.Struct("<IB").unpack_from  # length (3 bytes) and number, what it is
_CAPABILITIES = struct.Struct("<4xI").unpack_from
_SSL, _COMPRESS, _PROTOCOL_41 = 0x800, 0x20, 0x200
_QUERY, _EXECUTE = 0x03, 0x17
_OPERATIONS = {
    0x02: "INIT_DB",
    0x04: "FIELD_LIST",
    0x09: "STATISTICS",
    0x0E: "PING",
    0x11: "CHANGE_USER",
    0x16: "PREPARE",
    _EXECUTE: "EXECUTE",
    0x1A: "RESET_STATEMENT",
    0x1B: "SET_OPTION",
    0x1C: "FETCH",
    0x1F: "RESET_CONNECTION",
    0xFA: "BULK_EXECUTE",
}
_WITHOUT_ANSWER = frozenset({0x01, 0x18, 0x19})  # quit, long data, close of a statement
_STREAMING = frozenset({0x12, 0x15, 0x1E})  # replication
_COMMANDS = """
ALTER ANALYZE BEGIN CALL CHECK COMMIT CREATE DEALLOCATE DELETE DESC DESCRIBE DO DROP EXECUTE EXPLAIN FLUSH GRANT HANDLER
INSERT KILL LOAD LOCK OPTIMIZE PREPARE RELEASE RENAME REPAIR REPLACE RESET REVOKE ROLLBACK SAVEPOINT SELECT SET SHOW
START TABLE TRUNCATE UNLOCK UPDATE USE VALUES WITH XA
"""
_NAMES = {name.encode(): name for name in _COMMANDS.split()}
_WORD = re.compile(rb"\s*([A-Za-z]{1,12})(?![A-Za-z])").match
_GREETING = re.compile(rb"\d{1,2}\.\d{1,2}[!-~]*\0").match
_VERSION, _ERROR = 0x0A, 0xFF


class MySQL(Parser):
    """A connection to a MySQL or a MariaDB."""

    __slots__ = ("_number",)
    name = "mysql"
    rejoins = True

    def __init__(self) -> None:
        super().__init__()
        self._number = -1  # of the server's last packet

    @classmethod
    def greets(cls, payload: bytes, size: int) -> bool:
        """Return whether a segment is the greeting of a server, of protocol 10."""
        if len(payload) < 20 or payload[4] != _VERSION or payload[3]:
            return False
        return int.from_bytes(payload[:3], "little") == size - 4 and _GREETING(payload, 5) is not None

    @classmethod
    def asks(cls, payload: bytes, size: int) -> bool:
        """Return whether a segment is the answer to a greeting, a query, or an execute."""
        if len(payload) < 10 or int.from_bytes(payload[:3], "little") != size - 4:
            return False
        if payload[3] == 1:
            capable = _CAPABILITIES(payload)[0] & _PROTOCOL_41
            return bool(capable) and size >= 36 and len(payload) >= 32 and payload[13:32] == bytes(19)
        if payload[3] or payload[4] not in (_QUERY, _EXECUTE):
            return False
        if payload[4] == _QUERY:
            found = _WORD(payload, 5)
            return found is not None and found[1].upper() in _NAMES
        return size >= 14 and payload[10:14] == b"\1\0\0\0"  # its iterations

    def begin(self, payload: bytes) -> None:
        """Start with the answer to a greeting, or with a query."""
        super().begin(payload)
        self._number = -1
        if len(payload) >= 8 and payload[3] == 1:
            able = _CAPABILITIES(payload)[0]
            self.encrypted = bool(able & _SSL) and int.from_bytes(payload[:3], "little") == 32
            self.confirmed |= self.encrypted
            self.opaque = self.encrypted or bool(able & _COMPRESS)

    def client(self, data: bytes, at: int) -> int:
        """Take commands; what has another number belongs to one."""
        here, size = 0, len(data)
        while here + 5 <= size:
            length, command = _HEADER(data, here)
            number, length = length >> 24, length & 0xFF_FFFF
            after = here + 4 + length
            if number == 0 and length:
                if command == _QUERY:
                    if size < min(after, here + 24):
                        break
                    found = _WORD(data, here + 5, min(after, here + 24))
                    self._ask(_NAMES.get(found[1].upper(), "QUERY") if found else "QUERY", at)
                elif command in _STREAMING:
                    self.opaque = True
                elif command not in _WITHOUT_ANSWER:
                    if command > 0x20 and command not in _OPERATIONS:
                        return LOST
                    self._ask(_OPERATIONS.get(command, OTHER), at)
            here = after
        return here

    def _ask(self, operation: str, at: int) -> None:
        if not self.waiting:
            self._number = -1
        self.ask(operation, at)

    def server(self, data: bytes, at: int) -> int:
        """Take answers."""
        here, size = 0, len(data)
        while here + 5 <= size:
            length, kind = _HEADER(data, here)
            number, length = length >> 24, length & 0xFF_FFFF
            if number == 1 and self._number != 0:
                self.answer(ERROR if kind == _ERROR else OK, at)
            elif number == 0 and self._number not in (-1, 0xFF):
                return LOST
            self._number = number
            here += 4 + length
        return here

"""What unix_diag reports about Unix sockets with a name or a peer (include/uapi/linux/unix_diag.h)."""

import struct
from typing import NamedTuple

from collectors import netlink
from collectors.diag import ESTABLISHED, SOCK_DIAG_BY_FAMILY, states

AF_UNIX = 1
STREAM, SEQPACKET = 1, 5
SHOW_NAME, SHOW_PEER, SHOW_QUEUES = 0x01, 0x04, 0x10
NAME, PEER, QUEUES = 0, 2, 4
_REQUEST = struct.Struct("=BBHIIIII")  # family, protocol, pad, states, inode, show, cookie
_MESSAGE = struct.Struct("=BBBBIQ")  # family, type, state, pad, inode, cookie
_NUMBER = struct.Struct("=I")
_BODY = netlink.HEADER.size
_ATTRIBUTES = _BODY + _MESSAGE.size


class UnixSocket(NamedTuple):
    """A connected socket. `name` is its own, an accepted one has that of the listener. `peer` is an inode.

    `queued` are the bytes that have come and were not read by the program.
    """

    inode: int
    cookie: int
    name: bytes
    peer: int
    queued: int

    def is_same(self, other: "UnixSocket") -> bool:
        """Return whether this is the same socket, whatever is queued at it."""
        return self.cookie == other.cookie and self.peer == other.peer and self.inode == other.inode


def request() -> bytes:
    """Return a request for all connected sockets of a namespace."""
    return _REQUEST.pack(AF_UNIX, 0, 0, states(ESTABLISHED), 0, SHOW_NAME | SHOW_PEER | SHOW_QUEUES, 0, 0)


class UnixDump:
    """The connected sockets of one namespace. What is the same bytes as in the dump before is not read again."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self._known: dict[bytes, UnixSocket | None] = {}
        self.sockets: list[UnixSocket] = []

    def take(self, chunks: list[bytes]) -> bool:
        """Take a dump; return whether anything is new in it."""
        if chunks == self._chunks:
            return False
        known = self._known
        messages = [
            chunk[at : at + length]
            for chunk in chunks
            for kind, at, length in netlink.messages(chunk)
            if kind == SOCK_DIAG_BY_FAMILY
        ]
        self._chunks = chunks
        self._known = {each: known[each] if each in known else parse(each) for each in messages}
        self.sockets = [one for one in self._known.values() if one is not None]
        return True


def parse(message: bytes) -> UnixSocket | None:
    """Read a message; None unless it is of a stream, or of packets in order, that a process holds and has a peer."""
    if len(message) < _ATTRIBUTES:
        return None
    _, type_, _, _, inode, cookie = _MESSAGE.unpack_from(message, _BODY)
    if not inode or type_ not in (STREAM, SEQPACKET):
        return None
    name, peer, queued = b"", 0, 0
    for kind, value, length in netlink.attributes(message, _ATTRIBUTES, len(message)):
        if kind == PEER and length >= _NUMBER.size:
            (peer,) = _NUMBER.unpack_from(message, value)
        elif kind == QUEUES and length >= _NUMBER.size:
            (queued,) = _NUMBER.unpack_from(message, value)  # what was sent stands behind it: it is the peer's
        elif kind == NAME:
            name = message[value : value + length]
            name = name if name.startswith(b"\0") else name.rstrip(b"\0")
    return UnixSocket(inode, cookie, name, peer, queued) if peer else None

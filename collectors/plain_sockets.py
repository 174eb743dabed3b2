"""Sockets without tcp_info, listeners and those of UDP, from dump to dump: only what is new in one is read.

Of 10,000 sockets that stay as they are a dump is the same bytes as before; reading them anew takes 40 ms.
"""

import socket
from collections.abc import Iterable

from collectors import diag, netlink
from collectors.diag import Plain


class PlainSockets:
    """What listens, UDP sockets with a peer, and which inodes they have. Tables are replaced, never changed."""

    def __init__(self) -> None:
        self._dumps: dict[tuple[int, int], _Dump] = {}
        self._changes: list[tuple[Plain, bool]] = []  # a socket, and whether it came or went
        self._inodes: dict[int, int] = {}
        self.listening: dict[int, Plain] = {}
        """By cookie, UDP sockets without a peer among them."""
        self.udp: dict[int, Plain] = {}
        self.bound: frozenset[tuple[str, int]] = frozenset()
        """Addresses and ports of TCP listeners."""

    def take(self, family: int, protocol: int, chunks: Iterable[bytes]) -> None:
        """Take a dump of one family and protocol."""
        dump = self._dumps.setdefault((family, protocol), _Dump(protocol))
        self._changes += dump.changes(list(chunks))

    def inodes(self) -> set[int]:
        """Return the inodes of all."""
        return set(self._inodes)

    def change(self) -> tuple[dict[int, int], set[int]]:
        """Bring the tables up to date; return inode -> cookie of sockets that are new, and inodes that are no more."""
        changes, self._changes = self._changes, []
        if not changes:
            return {}, set()
        self.listening, self.udp = self.listening.copy(), self.udp.copy()
        before: dict[int, int | None] = {}
        for one, came in changes:
            table = self.udp if one.state == diag.ESTABLISHED else self.listening
            before.setdefault(one.inode, self._inodes.get(one.inode))
            if came:
                table[one.cookie] = one
                self._inodes[one.inode] = one.cookie
            elif table.get(one.cookie) == one:
                del table[one.cookie]
                if self._inodes.get(one.inode) == one.cookie:
                    del self._inodes[one.inode]
        if any(one.protocol == socket.IPPROTO_TCP for one, _ in changes):
            tcp = (one.identity for one in self.listening.values() if one.protocol == socket.IPPROTO_TCP)
            self.bound = frozenset((identity.local_address, identity.local_port) for identity in tcp)
        now = {inode: self._inodes.get(inode) for inode in before}
        added = {inode: cookie for inode, cookie in now.items() if cookie is not None and cookie != before[inode]}
        return added, {inode for inode, cookie in now.items() if cookie is None and before[inode] is not None}


class _Dump:
    """The sockets of one family and protocol, by the bytes that report them."""

    def __init__(self, protocol: int) -> None:
        self._protocol = protocol
        self._chunks: list[bytes] = []
        self._known: dict[bytes, Plain] = {}

    def changes(self, chunks: list[bytes]) -> list[tuple[Plain, bool]]:
        """Return what has gone since the last dump, and then what has come; what is another now has done both."""
        if chunks == self._chunks:
            return []
        self._chunks = chunks
        messages = {message for chunk in chunks for message in _messages(chunk)}
        gone = [self._known.pop(message) for message in self._known.keys() - messages]
        come = {message: diag.plain(message, 0, self._protocol) for message in messages - self._known.keys()}
        self._known.update(come)
        return [*((one, False) for one in gone), *((one, True) for one in come.values())]


def _messages(chunk: bytes) -> list[bytes]:
    """Return the messages of a chunk; of equal ones not each is looked at. Malformed ones are left out."""
    if len(chunk) < diag.ATTRIBUTES:
        return []
    length, kind, *_ = netlink.HEADER.unpack_from(chunk)
    count, rest = divmod(len(chunk), length) if length >= diag.ATTRIBUTES else (0, 1)
    alike = not rest and all(chunk[at::length] == chunk[at : at + 1] * count for at in range(6))  # length and type
    if alike and kind == diag.SOCK_DIAG_BY_FAMILY:
        return [chunk[at : at + length] for at in range(0, len(chunk), length)]
    return [
        chunk[at : at + length]
        for kind, at, length in netlink.messages(chunk)
        if kind == diag.SOCK_DIAG_BY_FAMILY and length >= diag.ATTRIBUTES
    ]

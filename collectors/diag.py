"""What inet_diag reports about sockets (include/uapi/linux/inet_diag.h, struct tcp_info in tcp.h).

Of 32,000 sockets the kernel fills 13 MB in 20 ms. Messages of one kind have one length, so a chunk of equal messages
is read by one precompiled struct, ten times faster than by walking attributes; other chunks are walked.
"""

import socket
import struct
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from collectors import netlink

SOCK_DIAG_BY_FAMILY = 20
INET_DIAG_INFO = 2
ESTABLISHED, SYN_SENT, FIN_WAIT1, FIN_WAIT2, TIME_WAIT = 1, 2, 4, 5, 6
CLOSE, CLOSE_WAIT, LAST_ACK, LISTEN, CLOSING = 7, 8, 9, 10, 11
CONNECTED = (ESTABLISHED, SYN_SENT, FIN_WAIT1, FIN_WAIT2, CLOSE_WAIT, LAST_ACK, CLOSING)
_BEFORE_4_19: tuple[int, ...] = (-1, 0)
_BEFORE_5_4: tuple[int, ...] = (0,)
UNKNOWN_RTT = 0xFFFF_FFFF  # tcpi_min_rtt before the first sample

_REQUEST = struct.Struct("=BBBBI48x")  # family, protocol, extensions, pad, states, socket id
_IDENTITY = struct.Struct("!HH16s16s")  # ports and addresses, at 20
BODY = netlink.HEADER.size  # struct inet_diag_msg
ATTRIBUTES = BODY + 72


class Row(NamedTuple):
    """What changes about a TCP socket; counters since it was opened. u32: segments, resent_segments, times."""

    state: int
    ports: int  # both, as they stand in memory: other ports are another connection of the same socket
    cookie: int
    inode: int
    rtt_us: int
    resent_segments: int
    received: int  # bytes, the peer's FIN counts one
    segments_out: int
    segments_in: int
    min_rtt_us: int
    sent: int  # bytes, resent ones twice; before kernel 4.19 those acknowledged, an active opener's SYN counts one
    resent: int  # bytes; -1 before kernel 4.19
    out_of_order: int  # segments that came before an earlier one; 0 before kernel 5.4


def local_port(row: Row) -> int:
    """Return the local port, the first two bytes of `ports`."""
    return int.from_bytes(row[1].to_bytes(4, sys.byteorder)[:2], "big")


def ports(row: Row) -> tuple[int, int]:
    """Return the local and the remote port."""
    held = row[1].to_bytes(4, sys.byteorder)
    return int.from_bytes(held[:2], "big"), int.from_bytes(held[2:], "big")


class Final(NamedTuple):
    """What the kernel reports about a TCP socket that is no more."""

    row: Row
    unread: int  # bytes received and not read by the program, the peer's FIN counts one
    acknowledged: int  # bytes, SYN and FIN count one each
    established: bool
    idle_ms: int  # since the last acknowledgement came


class Identity(NamedTuple):
    """What does not change about a socket."""

    local_address: str
    local_port: int
    remote_address: str
    remote_port: int
    uid: int


class Found(NamedTuple):
    """A TCP socket that was asked for."""

    state: int
    cookie: int
    inode: int


class Plain(NamedTuple):
    """A socket without tcp_info: a listener, or a UDP socket."""

    protocol: int
    cookie: int
    state: int
    inode: int
    queued: int
    identity: Identity


class Parsed(NamedTuple):
    """The messages of a chunk. The rows may be plain tuples in the order of Row."""

    chunk: bytes
    rows: list[Row]
    places: Sequence[int]
    """Where the messages begin."""
    infos: Sequence[int]
    """Where their tcp_info begins."""


@dataclass(frozen=True)
class Layout:
    """Where the messages of one length keep what a Row needs."""

    length: int
    info: int
    form: struct.Struct
    lacks: tuple[int, ...]  # what an older kernel's tcp_info ends before, as it stands in a Row: `resent` and later
    fixed: tuple[tuple[int, bytes], ...]  # offsets and values of the bytes that mark this layout

    def fits(self, chunk: bytes) -> bool:
        """Return whether a chunk is nothing but messages of this layout.

        Length, type (their low bytes) and the header of tcp_info are compared in all messages at once.
        """
        count, rest = divmod(len(chunk), self.length)
        return not rest and all(chunk[at :: self.length] == byte * count for at, byte in self.fixed)

    def row(self, chunk: bytes, at: int) -> Row:
        """Read the message at an offset."""
        values = self.form.unpack_from(chunk, at)
        if self.lacks != _BEFORE_4_19:
            return Row._make((*values, *self.lacks))
        acknowledged, *rest = values[6:]
        return Row._make((*values[:6], *rest, acknowledged, *self.lacks))


def states(*wanted: int) -> int:
    """Return the mask of some TCP states."""
    return sum(1 << state for state in wanted)


def request(sock: socket.socket, family: int, protocol: int, mask: int, *, info: bool) -> Iterator[bytes]:
    """Ask the kernel for sockets in the states of a mask; yield chunks of whole messages."""
    extensions = 1 << (INET_DIAG_INFO - 1) if info else 0
    return netlink.dump(sock, SOCK_DIAG_BY_FAMILY, _REQUEST.pack(family, protocol, extensions, 0, mask))


def parse_rows(chunks: Iterable[bytes]) -> Iterator[Parsed]:
    """Read chunk after chunk."""
    layout: Layout | None = None
    for chunk in chunks:
        if layout is None or not layout.fits(chunk):
            layout = _first_layout(chunk)
            fits = layout is not None and layout.fits(chunk)
        else:
            fits = True
        if layout is not None and fits and not layout.lacks:
            length, end = layout.length, len(chunk)
            rows: list[Row] = list(layout.form.iter_unpack(chunk))  # type: ignore[arg-type]
            yield Parsed(chunk, rows, range(0, end, length), range(layout.info, end, length))
        else:
            walked = list(_walk(chunk))
            rows = [layout.row(chunk, at) for layout, at in walked]
            yield Parsed(chunk, rows, [at for _, at in walked], [at + layout.info for layout, at in walked])


def _first_layout(chunk: bytes) -> Layout | None:
    for kind, at, length in netlink.messages(chunk):
        return layout_of(chunk, at, length) if kind == SOCK_DIAG_BY_FAMILY else None
    return None


def _walk(chunk: bytes) -> Iterator[tuple[Layout, int]]:
    """Find the layout of each message; those without tcp_info (TIME_WAIT) are left out."""
    for kind, at, length in netlink.messages(chunk):
        layout = layout_of(chunk, at, length) if kind == SOCK_DIAG_BY_FAMILY else None
        if layout:
            yield layout, at


def layout_of(chunk: bytes, at: int, length: int) -> Layout | None:
    """Find tcp_info in a message; None when it has none."""
    for kind, payload, size in netlink.attributes(chunk, at + ATTRIBUTES, at + length):
        if kind == INET_DIAG_INFO and size >= 152:
            return _layout(length, payload - at, size)
    return None


@lru_cache(maxsize=64)
def _layout(length: int, info: int, size: int) -> Layout:
    form = f"={BODY + 1}xB2xI36xQ16xI{info - 88}x68xI28x"
    if size < 216:
        form, lacks = form + f"I16xQQII4xI{size - 152}x", _BEFORE_4_19
    elif size < 228:
        form, lacks = form + f"I24xQII4xI48xQQ{size - 216}x", _BEFORE_5_4
    else:
        form, lacks = form + f"I24xQII4xI48xQQ8xI{size - 228}x", ()
    head = netlink.HEADER.pack(length, SOCK_DIAG_BY_FAMILY, 0, 0, 0)
    attribute = netlink.ATTRIBUTE.pack(size + netlink.ATTRIBUTE.size, INET_DIAG_INFO)
    low = (0, 1, 4) if sys.byteorder == "little" else (2, 3, 5)
    fixed = tuple((at, head[at : at + 1]) for at in low)
    fixed += tuple((info - len(attribute) + at, attribute[at : at + 1]) for at in range(len(attribute)))
    return Layout(length, info, struct.Struct(form + f"{length - info - size}x"), lacks, fixed)


def final(chunk: bytes) -> Final | None:
    """Read the message of a socket that was destroyed; None when it is not of TCP."""
    layout = layout_of(chunk, 0, len(chunk))
    if layout is None:
        return None
    (unread,) = struct.unpack_from("=I", chunk, BODY + 56)
    (idle_ms,) = struct.unpack_from("=I", chunk, layout.info + 56)
    (acknowledged,) = struct.unpack_from("=Q", chunk, layout.info + 120)
    row = layout.row(chunk, 0)
    return Final(row, unread, acknowledged, row.min_rtt_us != UNKNOWN_RTT, idle_ms)


def sent_payload(row: Row, opener: bool) -> int:
    """Return the payload bytes sent, resent ones once; before kernel 4.19 those acknowledged to an `opener` or not."""
    return row.sent - row.resent if row.resent >= 0 else max(row.sent - opener, 0)


def identity(chunk: bytes, at: int) -> Identity:
    """Read the identity of the socket whose message begins at an offset."""
    local_port, remote_port, local, remote = _IDENTITY.unpack_from(chunk, at + BODY + 4)
    (uid,) = struct.unpack_from("=I", chunk, at + BODY + 64)
    family = chunk[at + BODY]
    return Identity(address(family, local), local_port, address(family, remote), remote_port, uid)


def find(sock: socket.socket, identity: Identity) -> Found | None:
    """Ask for the TCP socket of a 4-tuple; None when there is none. Costs 12 us.

    The kernel answers with the listener, if any, where there is no connection.
    """
    family = socket.AF_INET6 if ":" in identity.local_address else socket.AF_INET
    local, remote = (socket.inet_pton(family, address) for address in (identity[0], identity[2]))
    flow = _IDENTITY.pack(identity.local_port, identity.remote_port, local, remote)
    body = struct.pack("=BBBBI", family, socket.IPPROTO_TCP, 0, 0, 0xFFFF_FFFF) + flow + b"\0" * 4 + b"\xff" * 8
    reply = netlink.ask(sock, SOCK_DIAG_BY_FAMILY, body)
    if reply is None:
        return None
    (cookie,) = struct.unpack_from("=Q", reply, BODY + 44)
    (inode,) = struct.unpack_from("=I", reply, BODY + 68)
    return Found(reply[BODY + 1], cookie, inode)


def plain(chunk: bytes, at: int, protocol: int) -> Plain:
    """Read the message at an offset."""
    (cookie,) = struct.unpack_from("=Q", chunk, at + BODY + 44)
    (queued,) = struct.unpack_from("=I", chunk, at + BODY + 56)
    (inode,) = struct.unpack_from("=I", chunk, at + BODY + 68)
    return Plain(protocol, cookie, chunk[at + BODY + 1], inode, queued, identity(chunk, at))


@lru_cache(maxsize=65_536)
def address(family: int, raw: bytes) -> str:
    """Write an address as text; IPv4 that is mapped into IPv6 as IPv4."""
    if family == socket.AF_INET:
        return socket.inet_ntop(socket.AF_INET, raw[:4])
    if raw.startswith(b"\0" * 10 + b"\xff\xff"):
        return socket.inet_ntop(socket.AF_INET, raw[12:])
    return socket.inet_ntop(socket.AF_INET6, raw)

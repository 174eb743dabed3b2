"""What the kernel translates: the connections of a network namespace whose addresses or ports NAT changes.

ctnetlink lists them (include/uapi/linux/netfilter/nfnetlink_conntrack.h). An entry has two tuples: what the client
sends (`asked`), and what the server answers with (`answered`). It outlives its connection by 10 seconds at least.
"""

import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from collectors import diag, netlink

NETFILTER = 12
_GET = 1 << 8 | 1  # NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET
_FAMILY = struct.Struct("=BBH")  # struct nfgenmsg: family, version, resource
CTA_TUPLE_ORIG, CTA_TUPLE_REPLY, CTA_STATUS, CTA_STATUS_MASK = 1, 2, 3, 26
CTA_TUPLE_IP, CTA_TUPLE_PROTO = 1, 2
CTA_IP_V4_SRC, CTA_IP_V4_DST, CTA_IP_V6_SRC, CTA_IP_V6_DST = 1, 2, 3, 4
CTA_PROTO_NUM, CTA_PROTO_SRC_PORT, CTA_PROTO_DST_PORT = 1, 2, 3
IPS_SRC_NAT, IPS_DST_NAT = 1 << 4, 1 << 5
_NESTED = 0x8000  # NLA_F_NESTED
COUNT = "/proc/sys/net/netfilter/nf_conntrack_count"
PROTOCOLS = (socket.IPPROTO_TCP, socket.IPPROTO_UDP)


class Tuple(NamedTuple):
    """Who sends to whom."""

    protocol: int
    source: str
    source_port: int
    target: str
    target_port: int

    def reversed(self) -> "Tuple":
        """Return who answers to whom."""
        return Tuple(self.protocol, self.target, self.target_port, self.source, self.source_port)


class Translated(NamedTuple):
    """A translated connection as its client sees it, and as its server answers."""

    asked: Tuple
    answered: Tuple


def is_used(count: str = COUNT) -> bool:
    """Return whether the kernel tracks anything, by the file that has the count."""
    try:
        return int(Path(count).read_text()) > 0
    except (OSError, ValueError):
        return False


def translated(sock: socket.socket) -> Iterator[Translated | None]:
    """Yield every connection of which an address or a port is changed; needs CAP_NET_ADMIN.

    None stands for an entry of another kind: older kernels list the whole table.
    """
    seen: set[Translated | None] = set()
    for kind in (IPS_DST_NAT, IPS_SRC_NAT):
        bits = struct.pack("!I", kind)
        wanted = b"".join(netlink.ATTRIBUTE.pack(8, name) + bits for name in (CTA_STATUS, CTA_STATUS_MASK))
        for chunk in netlink.dump(sock, _GET, _FAMILY.pack(socket.AF_UNSPEC, 0, 0) + wanted):
            for one in parse(chunk):
                fresh = one is not None and one not in seen and one.asked != one.answered.reversed()
                seen.add(one)
                yield one if fresh else None


def parse(chunk: bytes) -> Iterator[Translated | None]:
    """Yield the connections of a chunk; None for one that is malformed, or of another protocol."""
    for _, at, length in netlink.messages(chunk):
        yield _entry(chunk, at + netlink.HEADER.size + _FAMILY.size, at + length)


def find(sock: socket.socket, wanted: Tuple) -> Translated | None:
    """Ask for the connection in which somebody sends so; None when it is not tracked, or nothing of it is changed."""
    family = socket.AF_INET6 if ":" in wanted.source else socket.AF_INET
    source, target = (socket.inet_pton(family, address) for address in (wanted.source, wanted.target))
    names = (CTA_IP_V6_SRC, CTA_IP_V6_DST) if family == socket.AF_INET6 else (CTA_IP_V4_SRC, CTA_IP_V4_DST)
    ends = b"".join(_attribute(name, value) for name, value in zip(names, (source, target), strict=True))
    ports = _attribute(CTA_PROTO_NUM, bytes([wanted.protocol]))
    ports += _attribute(CTA_PROTO_SRC_PORT, wanted.source_port.to_bytes(2, "big"))
    ports += _attribute(CTA_PROTO_DST_PORT, wanted.target_port.to_bytes(2, "big"))
    tuple_of = _attribute(CTA_TUPLE_IP | _NESTED, ends) + _attribute(CTA_TUPLE_PROTO | _NESTED, ports)
    body = _FAMILY.pack(family, 0, 0) + _attribute(CTA_TUPLE_ORIG | _NESTED, tuple_of)
    reply = netlink.ask(sock, _GET, body)
    found = _entry(reply, netlink.HEADER.size + _FAMILY.size, len(reply)) if reply else None
    return found if found is not None and found.asked != found.answered.reversed() else None


def _attribute(kind: int, value: bytes) -> bytes:
    size = netlink.ATTRIBUTE.size + len(value)
    return netlink.ATTRIBUTE.pack(size, kind) + value + bytes(-size % 4)


def _entry(chunk: bytes, at: int, end: int) -> Translated | None:
    found = {kind & ~_NESTED: (start, start + size) for kind, start, size in netlink.attributes(chunk, at, end)}
    if not {CTA_TUPLE_ORIG, CTA_TUPLE_REPLY} <= found.keys():
        return None
    asked, answered = (_tuple(chunk, *found[name]) for name in (CTA_TUPLE_ORIG, CTA_TUPLE_REPLY))
    return Translated(asked, answered) if asked is not None and answered is not None else None


def _tuple(chunk: bytes, at: int, end: int) -> Tuple | None:
    parts = {kind & ~_NESTED: (start, start + size) for kind, start, size in netlink.attributes(chunk, at, end)}
    if not {CTA_TUPLE_IP, CTA_TUPLE_PROTO} <= parts.keys():
        return None
    ends, ports = (_values(chunk, *parts[name]) for name in (CTA_TUPLE_IP, CTA_TUPLE_PROTO))
    protocol = int.from_bytes(ports.get(CTA_PROTO_NUM, b""), "big")
    source = ends.get(CTA_IP_V4_SRC) or ends.get(CTA_IP_V6_SRC)
    target = ends.get(CTA_IP_V4_DST) or ends.get(CTA_IP_V6_DST)
    if protocol not in PROTOCOLS or not source or not target:
        return None
    family = socket.AF_INET if len(source) == 4 else socket.AF_INET6
    source_port, target_port = (
        int.from_bytes(ports.get(name, b""), "big") for name in (CTA_PROTO_SRC_PORT, CTA_PROTO_DST_PORT)
    )
    return Tuple(protocol, diag.address(family, source), source_port, diag.address(family, target), target_port)


def _values(chunk: bytes, at: int, end: int) -> dict[int, bytes]:
    return {kind & ~_NESTED: chunk[start : start + size] for kind, start, size in netlink.attributes(chunk, at, end)}

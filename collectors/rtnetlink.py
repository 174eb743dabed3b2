"""The host's interfaces, their addresses, and who is on their links, by rtnetlink (rtnetlink(7))."""

import socket
import struct
import sys
from collections.abc import Iterator
from typing import NamedTuple

from collectors import netlink
from schemas.text import to_text

ROUTE = 0
RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK, RTM_NEWADDR, RTM_DELADDR, RTM_GETADDR = 16, 17, 18, 20, 21, 22
RTM_NEWNEIGH, RTM_GETNEIGH, NDA_DST, NDA_LLADDR = 28, 30, 1, 2
NUD_VALID = 0x02 | 0x04 | 0x08 | 0x10 | 0x80  # reachable, stale, delay, probe, permanent: an answer is known
CHANGES = 0x1 | 0x10 | 0x100  # groups of links, of IPv4 and of IPv6 addresses
IFLA_ADDRESS, IFLA_IFNAME, IFLA_LINK, IFLA_MASTER, IFLA_LINKINFO, IFLA_LINK_NETNSID = 1, 3, 5, 10, 18, 37
IFLA_INFO_KIND = 1  # within IFLA_LINKINFO
IFF_LOOPBACK = 8
RTM_GETNSID, NETNSA_NSID, NETNSA_FD = 90, 1, 3  # include/uapi/linux/net_namespace.h
UNNUMBERED = -1
IFA_ADDRESS, IFA_LOCAL = 1, 2
SIZES = {socket.AF_INET: 4, socket.AF_INET6: 16}  # bytes of an address
_LINK = struct.Struct("=BxHiII")  # struct ifinfomsg: family, type, index, flags, change
_GENERIC = 4  # bytes of struct rtgenmsg: family, and padding
_NEIGHBOUR = struct.Struct("=BxxxIHBB")  # struct ndmsg: family, index, state, flags, type
_ADDRESS = struct.Struct("=BBBBI")  # struct ifaddrmsg: family, prefix length, flags, scope, index


class Link(NamedTuple):
    """An interface, or that it is no more."""

    interface: int
    name: str
    mac: str
    gone: bool
    kind: str = ""  # of its driver: bridge, veth, tun; empty for hardware
    master: int = 0  # the interface of which it is a port
    peer: int = 0  # the interface it is connected to, or is made of
    elsewhere: bool = False  # which is in another namespace
    loopback: bool = False
    number: int = UNNUMBERED  # that this namespace has given to the other


class Address(NamedTuple):
    """An address of an interface, or that it is no more."""

    interface: int
    address: str
    prefix: int
    gone: bool


class Neighbour(NamedTuple):
    """A host on the link of an interface."""

    interface: int
    address: str
    mac: str


class InterfaceAddress(NamedTuple):
    """One address of one interface; an interface without addresses is left out."""

    name: str
    address: str
    prefix: int
    mac: str
    inside: bool = False  # nothing but this host is behind the interface
    interface: int = 0  # its index
    netns: int = 0  # its namespace, 0 for our own
    segment: str = ""  # the bridge or namespace outside of which it means nothing (collectors/segments.py)


def dump() -> tuple[list[Link], list[Address]]:
    """Return all interfaces and all addresses of this network namespace."""
    with netlink.open_socket(ROUTE) as sock:
        answers = netlink.dump(sock, RTM_GETLINK, _LINK.pack(socket.AF_UNSPEC, 0, 0, 0, 0))
        links = [one for chunk in answers for one in parse(chunk) if isinstance(one, Link)]
        answers = netlink.dump(sock, RTM_GETADDR, _ADDRESS.pack(socket.AF_UNSPEC, 0, 0, 0, 0))
        addresses = [one for chunk in answers for one in parse(chunk) if isinstance(one, Address)]
    return links, addresses


def neighbours() -> list[Neighbour]:
    """Return the hosts on the links of this network namespace, as far as the kernel has asked for them."""
    with netlink.open_socket(ROUTE) as sock:
        answers = netlink.dump(sock, RTM_GETNEIGH, _NEIGHBOUR.pack(socket.AF_UNSPEC, 0, 0, 0, 0))
        return [one for chunk in answers for one in parse_neighbours(chunk)]


def parse_neighbours(chunk: bytes) -> Iterator[Neighbour]:
    """Yield the neighbours in a dump; malformed ones, and those that did not answer, are left out."""
    for kind, at, length in netlink.messages(chunk):
        body = at + netlink.HEADER.size
        if kind != RTM_NEWNEIGH or length < netlink.HEADER.size + _NEIGHBOUR.size:
            continue
        family, index, state, _, _ = _NEIGHBOUR.unpack_from(chunk, body)
        found = _attributes(chunk, body + _NEIGHBOUR.size, at + length)
        raw, mac = found.get(NDA_DST, b""), found.get(NDA_LLADDR, b"")
        if state & NUD_VALID and any(mac) and len(raw) == SIZES.get(family):
            yield Neighbour(index, socket.inet_ntop(family, raw), mac.hex(":"))


def parse(chunk: bytes) -> Iterator[Link | Address]:
    """Yield the links and addresses in a dump or a notification; malformed ones are left out."""
    for kind, at, length in netlink.messages(chunk):
        body = at + netlink.HEADER.size
        one: Link | Address | None = None
        if kind in (RTM_NEWLINK, RTM_DELLINK) and length >= netlink.HEADER.size + _LINK.size:
            one = _link(chunk, body, at + length, gone=kind == RTM_DELLINK)
        elif kind in (RTM_NEWADDR, RTM_DELADDR) and length >= netlink.HEADER.size + _ADDRESS.size:
            one = _address(chunk, body, at + length, gone=kind == RTM_DELADDR)
        if one is not None:
            yield one


def _link(chunk: bytes, at: int, end: int, *, gone: bool) -> Link | None:
    family, _, index, flags, _ = _LINK.unpack_from(chunk, at)
    found = _attributes(chunk, at + _LINK.size, end)
    if IFLA_IFNAME not in found or family != socket.AF_UNSPEC:  # a port that leaves its bridge comes as AF_BRIDGE
        return None
    mac, info = found.get(IFLA_ADDRESS, b""), found.get(IFLA_LINKINFO, b"")
    kind = _attributes(info, 0, len(info)).get(IFLA_INFO_KIND, b"")
    return Link(
        index,
        to_text(found[IFLA_IFNAME].rstrip(b"\0")),
        mac.hex(":") if any(mac) else "",
        gone,
        kind=to_text(kind.rstrip(b"\0")),
        master=_index(found.get(IFLA_MASTER, b"")),
        peer=_index(found.get(IFLA_LINK, b"")),
        elsewhere=IFLA_LINK_NETNSID in found,
        loopback=bool(flags & IFF_LOOPBACK),
        number=_number(found.get(IFLA_LINK_NETNSID, b"")),
    )


def number_of(descriptor: int) -> int:
    """Return the number that this namespace has given to another, of which there is a descriptor."""
    with netlink.open_socket(ROUTE) as sock:
        body = b"\0" * _GENERIC + netlink.ATTRIBUTE.pack(netlink.ATTRIBUTE.size + 4, NETNSA_FD)
        reply = netlink.ask(sock, RTM_GETNSID, body + descriptor.to_bytes(4, sys.byteorder)) or b""
    return _number(_attributes(reply, netlink.HEADER.size + _GENERIC, len(reply)).get(NETNSA_NSID, b""))


def _number(raw: bytes) -> int:
    return int.from_bytes(raw, sys.byteorder, signed=True) if raw else UNNUMBERED


def _index(raw: bytes) -> int:
    return int.from_bytes(raw, sys.byteorder)


def _address(chunk: bytes, at: int, end: int, *, gone: bool) -> Address | None:
    family, prefix, _, _, index = _ADDRESS.unpack_from(chunk, at)
    found = _attributes(chunk, at + _ADDRESS.size, end)
    raw = found.get(IFA_LOCAL) or found.get(IFA_ADDRESS)  # on a point-to-point link, IFA_ADDRESS is the peer's
    if not raw or len(raw) != SIZES.get(family):
        return None
    return Address(index, socket.inet_ntop(family, raw), prefix, gone)


def _attributes(chunk: bytes, at: int, end: int) -> dict[int, bytes]:
    return {kind: chunk[start : start + size] for kind, start, size in netlink.attributes(chunk, at, end)}

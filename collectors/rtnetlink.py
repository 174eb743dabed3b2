"""The host's interfaces and their addresses, by rtnetlink (rtnetlink(7))."""

import socket
import struct
from typing import NamedTuple

from collectors import netlink
from schemas.text import to_text

ROUTE = 0
RTM_NEWLINK, RTM_GETLINK, RTM_NEWADDR, RTM_GETADDR = 16, 18, 20, 22
IFLA_ADDRESS, IFLA_IFNAME = 1, 3
IFA_ADDRESS, IFA_LOCAL = 1, 2
SIZES = {socket.AF_INET: 4, socket.AF_INET6: 16}  # bytes of an address
_LINK = struct.Struct("=BxHiII")  # struct ifinfomsg: family, type, index, flags, change
_ADDRESS = struct.Struct("=BBBBI")  # struct ifaddrmsg: family, prefix length, flags, scope, index


class InterfaceAddress(NamedTuple):
    """One address of one interface; an interface without addresses is not told."""

    name: str
    address: str
    prefix: int
    mac: str


def read_interfaces() -> list[InterfaceAddress]:
    """Return every address of this network namespace, sorted."""
    with netlink.open_socket(ROUTE) as sock:
        links = {}
        for chunk in netlink.dump(sock, RTM_GETLINK, _LINK.pack(socket.AF_UNSPEC, 0, 0, 0, 0)):
            links.update(parse_links(chunk))
        addresses: list[InterfaceAddress] = []
        for chunk in netlink.dump(sock, RTM_GETADDR, _ADDRESS.pack(socket.AF_UNSPEC, 0, 0, 0, 0)):
            addresses += parse_addresses(chunk, links)
    return sorted(addresses)


def parse_links(chunk: bytes) -> dict[int, tuple[str, str]]:
    """Return index -> (name, hardware address)."""
    links = {}
    for kind, at, length in netlink.messages(chunk):
        if kind == RTM_NEWLINK:
            _, _, index, _, _ = _LINK.unpack_from(chunk, at + netlink.HEADER.size)
            told = _told(chunk, at + netlink.HEADER.size + _LINK.size, at + length)
            if IFLA_IFNAME not in told:
                continue
            mac = told.get(IFLA_ADDRESS, b"")
            links[index] = (to_text(told[IFLA_IFNAME].rstrip(b"\0")), mac.hex(":") if any(mac) else "")
    return links


def parse_addresses(chunk: bytes, links: dict[int, tuple[str, str]]) -> list[InterfaceAddress]:
    """Return the IPv4 and IPv6 addresses in a chunk of replies."""
    addresses = []
    for kind, at, length in netlink.messages(chunk):
        if kind != RTM_NEWADDR:
            continue
        family, prefix, _, _, index = _ADDRESS.unpack_from(chunk, at + netlink.HEADER.size)
        told = _told(chunk, at + netlink.HEADER.size + _ADDRESS.size, at + length)
        raw = told.get(IFA_LOCAL) or told.get(IFA_ADDRESS)  # on a point-to-point link, IFA_ADDRESS is the peer's
        if raw and index in links and len(raw) == SIZES.get(family):
            name, mac = links[index]
            addresses.append(InterfaceAddress(name, socket.inet_ntop(family, raw), prefix, mac))
    return addresses


def _told(chunk: bytes, at: int, end: int) -> dict[int, bytes]:
    return {kind: chunk[start : start + size] for kind, start, size in netlink.attributes(chunk, at, end)}

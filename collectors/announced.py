"""What the other end of a cable announces of itself, by LLDP or CDP: which switch it is, and which of its ports."""

import socket
from collections.abc import Callable, Iterator
from typing import NamedTuple

from schemas.text import cut, to_text

LONGEST = 255  # characters of a name; LLDP allows as many bytes
_FAMILIES = {1: socket.AF_INET, 2: socket.AF_INET6}  # of IANA's address family numbers
_SIZES = {4: socket.AF_INET, 16: socket.AF_INET6}  # bytes of an address


class Announced(NamedTuple):
    """An announcement. It counts for `ttl_s` seconds, and is taken back with a `ttl_s` of 0."""

    chassis: str
    port: str
    ttl_s: int
    port_description: str = ""
    system_name: str = ""
    management_address: str = ""
    vlan: int = 0
    forwards: bool = True


Parse = Callable[[bytes], Announced | None]
Fields = Iterator[tuple[int, bytes]]  # type and value


def firsts(fields: Fields) -> dict[int, bytes]:
    """Return the first field of each type."""
    found: dict[int, bytes] = {}
    for kind, value in fields:
        found.setdefault(kind, value)
    return found


def name(raw: bytes) -> str:
    """Return a name that a device has been given, as text."""
    return cut(to_text(raw.strip(b"\0 \r\n")), LONGEST)


def hardware(raw: bytes) -> str:
    """Return a hardware address as text."""
    return cut(raw.hex(":"), LONGEST)


def address(raw: bytes) -> str:
    """Return an IPv4 or IPv6 address as text; empty for other bytes."""
    family = _SIZES.get(len(raw))
    return "" if family is None else socket.inet_ntop(family, raw)


def network_address(raw: bytes) -> str:
    """Return an address after the number of its family as text; that of a family that is not known in hexadecimal."""
    known = raw and _SIZES.get(len(raw) - 1) == _FAMILIES.get(raw[0], 0)
    return address(raw[1:]) if known else hardware(raw)

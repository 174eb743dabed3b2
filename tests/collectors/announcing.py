"""Announcements as switches send them: frames of LLDP (IEEE 802.1AB) and CDP."""

import socket
from collections.abc import Iterable

SWITCH = bytes.fromhex("001b54c92a00")
LLDP_TO, CDP_TO = bytes.fromhex("0180c200000e"), bytes.fromhex("01000ccccccc")
MAC, NETWORK, NAME = 4, 5, 7  # kinds of a chassis id
PORT_NAME, PORT_MAC = 5, 3  # kinds of a port id


def tlv(kind: int, value: bytes) -> bytes:
    """Return a field of LLDP."""
    return (kind << 9 | len(value)).to_bytes(2) + value


def lldp(
    chassis: bytes = SWITCH,
    port: bytes = b"Gi1/0/7",
    ttl: int = 120,
    *,
    chassis_kind: int = MAC,
    port_kind: int = PORT_NAME,
    name: bytes = b"sw-rack-12",
    description: bytes = b"web-1",
    address: str = "10.20.0.12",
    capabilities: int = 0x04,
    vlan: int = 20,
    more: Iterable[bytes] = (),
) -> bytes:
    """Return what follows the header of a frame of LLDP."""
    packed = socket.inet_aton(address)
    fields = [
        tlv(1, bytes([chassis_kind]) + chassis),
        tlv(2, bytes([port_kind]) + port),
        tlv(3, ttl.to_bytes(2)),
        tlv(4, description),
        tlv(5, name),
        tlv(6, b"a switch"),
        tlv(7, (0x14).to_bytes(2) + capabilities.to_bytes(2)),
        tlv(8, bytes([5, 1]) + packed + bytes([2, 0, 0, 0, 7, 0])),
        tlv(127, bytes.fromhex("0080c201") + vlan.to_bytes(2)),
        *more,
        tlv(0, b""),
    ]
    return b"".join(fields)


def field(kind: int, value: bytes) -> bytes:
    """Return a field of CDP."""
    return kind.to_bytes(2) + (4 + len(value)).to_bytes(2) + value


def cdp(
    device: bytes = b"sw-rack-12.example.net",
    port: bytes = b"GigabitEthernet1/0/7",
    ttl: int = 180,
    *,
    address: str = "10.20.0.12",
    capabilities: int = 0x28,
    vlan: int = 20,
    more: Iterable[bytes] = (),
) -> bytes:
    """Return what follows the header of a frame of CDP: the SNAP header first."""
    one = bytes.fromhex("0101cc0004") + socket.inet_aton(address)
    fields = [
        field(1, device),
        field(2, (1).to_bytes(4) + one),
        field(3, port),
        field(4, capabilities.to_bytes(4)),
        field(5, b"a system\nof several lines"),
        field(10, vlan.to_bytes(2)),
        *more,
    ]
    return bytes.fromhex("aaaa0300000c2000") + bytes([2, ttl, 0, 0]) + b"".join(fields)


def framed(payload: bytes, source: bytes = SWITCH) -> bytes:
    """Return a frame: of CDP if the payload is by IEEE 802.2, which has a length in place of a type."""
    if payload.startswith(b"\xaa\xaa"):
        return CDP_TO + source + len(payload).to_bytes(2) + payload
    return LLDP_TO + source + bytes.fromhex("88cc") + payload


def send(interface: str, *payloads: bytes) -> None:
    """Send announcements on an interface of this namespace."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
        sock.bind((interface, 0))
        for payload in payloads:
            sock.send(framed(payload).ljust(60, b"\0"))

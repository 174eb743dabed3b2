"""Announcements by CDP, which switches of Cisco send every 60 seconds.

Its checksum is not compared: that of the frame was right, and implementations differ for odd lengths.
"""

from collectors.announced import Announced, Fields, address, firsts, name

GROUPS = (bytes.fromhex("01000ccccccc"),)
SNAP = bytes.fromhex("aaaa0300000c2000")  # before the announcement: a frame by IEEE 802.2, of Cisco, CDP
_HEADER = 4  # bytes: version, seconds that it counts, checksum
DEVICE, ADDRESSES, PORT, CAPABILITIES, VLAN, SYSTEM_NAME, MANAGEMENT = 0x01, 0x02, 0x03, 0x04, 0x0A, 0x14, 0x16
FORWARDS = 0x01 | 0x02 | 0x04 | 0x08 | 0x40  # router, bridges, switch, repeater


def parse(payload: bytes) -> Announced | None:
    """Return the announcement in a frame; None for what is none. What is cut off is not read."""
    if not payload.startswith(SNAP) or len(payload) < len(SNAP) + _HEADER:
        return None
    fields = firsts(_fields(payload, len(SNAP) + _HEADER))
    chassis, port = name(fields.get(DEVICE, b"")), name(fields.get(PORT, b""))
    if not chassis or not port:
        return None
    able = int.from_bytes(fields.get(CAPABILITIES, b"")[:4])
    return Announced(
        chassis,
        port,
        payload[len(SNAP) + 1],
        system_name=name(fields.get(SYSTEM_NAME, b"")) or chassis,
        management_address=_first_address(fields.get(MANAGEMENT, b"")) or _first_address(fields.get(ADDRESSES, b"")),
        vlan=int.from_bytes(fields.get(VLAN, b"")[:2]),
        forwards=not able or bool(able & FORWARDS),
    )


def _fields(payload: bytes, at: int) -> Fields:
    while at + 4 <= len(payload):
        kind, length = int.from_bytes(payload[at : at + 2]), int.from_bytes(payload[at + 2 : at + 4])
        if length < 4 or at + length > len(payload):
            return
        yield kind, payload[at + 4 : at + length]
        at += length


def _first_address(raw: bytes) -> str:
    """Return the first of some addresses: their number, then of each a kind, its protocol, and itself, with lengths."""
    if len(raw) < 6 or not int.from_bytes(raw[:4]):
        return ""
    at = 6 + raw[5]
    size = int.from_bytes(raw[at : at + 2])
    return address(raw[at + 2 : at + 2 + size])

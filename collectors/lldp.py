"""Announcements by LLDP (IEEE 802.1AB), which nearly every switch sends every 30 seconds."""

from collectors.announced import Announced, Fields, address, firsts, hardware, name, network_address

ETHERTYPE = 0x88CC
GROUPS = tuple(bytes.fromhex(f"0180c20000{last}") for last in ("0e", "03", "00"))  # nearest bridge first
END, CHASSIS, PORT, TTL, PORT_DESCRIPTION, SYSTEM_NAME = range(6)
CAPABILITIES, MANAGEMENT, OF_ORGANISATION = 7, 8, 127
PORT_VLAN = bytes.fromhex("0080c201")  # of IEEE 802.1: the VLAN of frames without a tag
# Repeater, bridge, access point, router; bridges of VLANs.
FORWARDS = 0x02 | 0x04 | 0x08 | 0x10 | 0x100 | 0x200 | 0x400
_MAC_OF_CHASSIS, _ADDRESS_OF_CHASSIS = 4, 5  # kinds of ids
_MAC_OF_PORT, _ADDRESS_OF_PORT = 3, 4


def parse(payload: bytes) -> Announced | None:
    """Return the announcement in a frame; None for what is none. What is cut off is not read."""
    fields = firsts(_fields(payload))
    chassis = _id(fields.get(CHASSIS, b""), _MAC_OF_CHASSIS, _ADDRESS_OF_CHASSIS)
    port = _id(fields.get(PORT, b""), _MAC_OF_PORT, _ADDRESS_OF_PORT)
    ttl = fields.get(TTL, b"")
    if not chassis or not port or len(ttl) < 2:
        return None
    enabled = int.from_bytes(fields.get(CAPABILITIES, b"")[2:4])
    return Announced(
        chassis,
        port,
        int.from_bytes(ttl[:2]),
        port_description=name(fields.get(PORT_DESCRIPTION, b"")),
        system_name=name(fields.get(SYSTEM_NAME, b"")),
        management_address=_management(fields.get(MANAGEMENT, b"")),
        vlan=_vlan(payload),
        forwards=not enabled or bool(enabled & FORWARDS),
    )


def _fields(payload: bytes) -> Fields:
    at = 0
    while at + 2 <= len(payload):
        head = int.from_bytes(payload[at : at + 2])
        kind, start, at = head >> 9, at + 2, at + 2 + (head & 511)
        if kind == END or at > len(payload):
            return
        yield kind, payload[start:at]


def _id(raw: bytes, mac: int, network: int) -> str:
    """Return an id as text; it begins with its kind."""
    kind, value = raw[:1], raw[1:]
    if kind == bytes([mac]):
        return hardware(value)
    return network_address(value) if kind == bytes([network]) else name(value)


def _management(raw: bytes) -> str:
    """Return the address that a field begins with: its length, its family and itself."""
    return address(raw[2 : 1 + raw[0]]) if raw else ""


def _vlan(payload: bytes) -> int:
    own = (value for kind, value in _fields(payload) if kind == OF_ORGANISATION)
    return next((int.from_bytes(one[4:6]) for one in own if one[:4] == PORT_VLAN and len(one) >= 6), 0)

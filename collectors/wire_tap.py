"""The headers of the segments with SYN, FIN or RST that a device sends and receives."""

import struct
from collections.abc import Iterator

from collectors.packet_ring import FRAME, HEADER, PLAIN, PacketRing, unusual
from collectors.wire_filter import program

# Length of the packet, flow, sequence and acknowledgement number, data offset, flags.
_PLAIN_TCP = struct.Struct("!2xH8x12sIIBB").unpack_from
_IPV6_TCP = struct.Struct("!4xH2x36sIIBB").unpack_from
_TCP = struct.Struct("!4sIIBB").unpack_from
_LENGTH = struct.Struct("!2xH").unpack_from

Mark = tuple[bytes, int, int, int, int]  # flow, flags, sequence and acknowledgement number, bytes of payload


class WireTap(PacketRing):
    """What opens and closes connections on a device."""

    def __init__(self, device: str, index: int, ring_bytes: int) -> None:
        super().__init__(device, index, ring_bytes, program())

    def marks(self) -> Iterator[Mark]:
        """Take what has come, at most a ring full."""
        ring, states, at, whole = self.ring, self.states, self.at, len(self.ring)
        try:
            for _ in range(self.frames):
                if not states[at >> 2] & 1:  # TP_STATUS_USER: the frame is ours
                    return
                ip = at + HEADER(ring, at)[1]
                kind = ring[ip]
                if kind == PLAIN:
                    length, flow, sequence, acknowledged, offset, flags = _PLAIN_TCP(ring, ip)
                    length -= 20
                elif kind >> 4 == 6:
                    length, flow, sequence, acknowledged, offset, flags = _IPV6_TCP(ring, ip)
                else:
                    source, target, tcp = unusual(ring, ip)
                    ports, sequence, acknowledged, offset, flags = _TCP(ring, tcp)
                    flow, length = source + target + ports, _LENGTH(ring, ip)[0] - (tcp - ip)
                states[at >> 2] = 0  # the kernel's again
                at = (at + FRAME) % whole
                yield flow, flags, sequence, acknowledged, length - (offset >> 4 << 2)
        finally:
            self.at = at

"""The first segments of HTTP/1 messages that a device sends and receives, and the last of connections."""

import struct
from collections.abc import Iterator

from collectors.http_filter import program
from collectors.packet_ring import FRAME, HEADER, OUTGOING, PLAIN, PacketRing, unusual

_PLAIN_TCP = struct.Struct("!12x4s4sHHIIBB").unpack_from
_TCP = struct.Struct("!HHIIBB").unpack_from

# Source and destination address and port, sequence and acknowledgement number, payload, ns since the epoch, sent by us,
# TCP's flags.
Segment = tuple[bytes, bytes, int, int, int, int, bytes, int, bool, int]


class Tap(PacketRing):
    """The first segments of HTTP/1 messages on a device."""

    def __init__(self, device: str, index: int, ring_bytes: int, halvings: int) -> None:
        super().__init__(device, index, ring_bytes, program(halvings))

    def filter(self, halvings: int) -> None:
        """Look at one in 2**halvings flows from now on."""
        self.load(program(halvings))

    def segments(self) -> Iterator[Segment]:
        """Take what has come, at most a ring full. What is no whole TCP segment is passed over."""
        ring, states, at, whole = self.ring, self.states, self.at, len(self.ring)
        try:
            for _ in range(self.frames):
                if not states[at >> 2] & 1:  # TP_STATUS_USER: the frame is ours
                    return
                size, net, seconds, nanoseconds, direction = HEADER(ring, at)
                ip = at + net
                if ring[ip] == PLAIN:
                    source, target, port, peer, sent, acknowledged, offset, flags = _PLAIN_TCP(ring, ip)
                    tcp = ip + 20
                else:
                    source, target, tcp = unusual(ring, ip)
                    port, peer, sent, acknowledged, offset, flags = _TCP(ring, tcp)
                payload = ring[tcp + (offset >> 4 << 2) : ip + size]
                states[at >> 2] = 0  # the kernel's again
                at = (at + FRAME) % whole
                time = seconds * 1_000_000_000 + nanoseconds
                yield source, target, port, peer, sent, acknowledged, payload, time, direction == OUTGOING, flags
        finally:
            self.at = at

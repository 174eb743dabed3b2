"""The headers of the datagrams that a device sends and receives."""

from collections.abc import Iterator

from collectors.datagram_filter import program
from collectors.packet_ring import FRAME, HEADER, PLAIN, PacketRing, unusual


class DatagramTap(PacketRing):
    """Which ends exchange datagrams on a device."""

    def __init__(self, device: str, index: int, ring_bytes: int, halvings: int = 0) -> None:
        super().__init__(device, index, ring_bytes, program(halvings))

    def filter(self, halvings: int) -> None:
        """Look at one in 2**halvings datagrams from now on."""
        self.load(program(halvings))

    def flows(self) -> Iterator[bytes]:
        """Yield both addresses and both ports of each datagram that has come, its sender first; at most a ring full."""
        ring, states, at, whole = self.ring, self.states, self.at, len(self.ring)
        try:
            for _ in range(self.frames):
                if not states[at >> 2] & 1:  # TP_STATUS_USER: the frame is ours
                    return
                ip = at + HEADER(ring, at)[1]
                kind = ring[ip]
                if kind == PLAIN:
                    flow = ring[ip + 12 : ip + 24]
                elif kind >> 4 == 6:
                    flow = ring[ip + 8 : ip + 44]
                else:
                    source, target, udp = unusual(ring, ip)
                    flow = source + target + ring[udp : udp + 4]
                states[at >> 2] = 0  # the kernel's again
                at = (at + FRAME) % whole
                yield flow
        finally:
            self.at = at

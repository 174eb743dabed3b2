"""The segments of a device that look like a protocol, and those of the ports that are followed."""

import math
import struct
from collections.abc import Collection, Iterator
from socket import IPPROTO_UDP

from collectors.block_ring import LATER_MS, PACKET, SOON_MS, BlockRing
from collectors.packet_ring import OUTGOING, PLAIN, unusual
from collectors.protocol_filter import program

# Length of the packet, flow, sequence and acknowledgement number, data offset, flags.
_PLAIN_TCP = struct.Struct("!2xH8x12sIIBB").unpack_from
_IPV6_TCP = struct.Struct("!4xH2x36sIIBB").unpack_from
_TCP = struct.Struct("!4sIIBB").unpack_from
_LENGTH = struct.Struct("!2xH").unpack_from

UDP = -1  # in place of flags
# Flow (both addresses, both ports), sequence and acknowledgement number, the payload as far as it is here, its size, ns
# since the epoch, sent by us, TCP's flags.
Segment = tuple[bytes, int, int, bytes, int, int, bool, int]


class ProtocolTap(BlockRing):
    """What a device sends and receives of protocols."""

    def __init__(
        self,
        device: str,
        index: int,
        ring_bytes: int,
        halvings: int = 0,
        followed: Collection[int] = (),
        settled: Collection[int] = (),
        brief: Collection[int] = (),
        *,
        hosts: bool = False,
    ) -> None:
        self._hosts = hosts
        retire_ms = SOON_MS if followed else LATER_MS
        code = program(halvings, followed, settled, brief, hosts=hosts)
        super().__init__(device, index, ring_bytes, code, retire_ms)

    def filter(
        self, halvings: int, followed: Collection[int], settled: Collection[int], brief: Collection[int] = ()
    ) -> None:
        """Look at one in 2**halvings flows from now on, and follow ports."""
        self.load(program(halvings, followed, settled, brief, hosts=self._hosts))

    def segments(self, until: float = math.inf) -> Iterator[Segment]:
        """Take what has come, at most a ring full, and for as long as packets() does."""
        ring = self.ring
        for at in self.packets(until):
            _, seconds, nanoseconds, here, net, direction = PACKET(ring, at)
            ip = at + net
            kind = ring[ip]
            if kind == PLAIN:
                length, flow, sent, acknowledged, offset, flags = _PLAIN_TCP(ring, ip)
                header = 20
            elif kind >> 4 == 6:
                length, flow, sent, acknowledged, offset, flags = _IPV6_TCP(ring, ip)
                length += 40
                header = 40
            else:
                source, target, tcp = unusual(ring, ip)
                ports, sent, acknowledged, offset, flags = _TCP(ring, tcp)
                header = tcp - ip
                flow, length = source + target + ports, _LENGTH(ring, ip)[0]
            if ring[ip + (9 if kind >> 4 == 4 else 6)] == IPPROTO_UDP:
                offset, flags = 8 << 2, UDP
            header += offset >> 4 << 2
            payload = ring[ip + header : ip + here]
            size = length - header
            if size < len(payload):
                payload = payload[: max(size, 0)]
                size = len(payload)
            yield (
                flow,
                sent,
                acknowledged,
                payload,
                size,
                seconds * 1_000_000_000 + nanoseconds,
                direction == OUTGOING,
                flags,
            )

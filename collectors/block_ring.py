"""One network device, listened to, for packets of any length: a ring of blocks that are filled one after the other.

TPACKET_V3: a packet takes as much of a block as it has. A block is handed over when it is full, or by a timer; what is
in the one that is being filled is not seen yet. Layout: Documentation/networking/packet_mmap.rst and
include/uapi/linux/if_packet.h.
"""

import math
import struct
import time
from collections.abc import Iterator

from collectors.packet_ring import BLOCK, DeviceSocket

SOON_MS, LATER_MS = 8, 100  # rounds of the timer, which costs something at rest too
LATEST_S = 0.03  # until a packet can be seen: two rounds of SOON_MS, in jiffies of up to 4 ms
LEAST_BYTES = 2 * BLOCK
_V3 = 2
# struct tpacket_hdr_v1 within the block: status, packets, offset of the first.
_STATUS, _COUNT = struct.Struct("=I"), struct.Struct("=II")
# struct tpacket3_hdr and sockaddr_ll: distance to the next packet, seconds, nanoseconds, bytes that are here, offset of
# the IP header, sll_pkttype.
PACKET = struct.Struct("=4I10xH30xB").unpack_from


class BlockRing(DeviceSocket):
    """A device's ring of blocks. OSError when the kernel does not allow it: PermissionError without CAP_NET_RAW."""

    def __init__(self, device: str, index: int, ring_bytes: int, code: bytes, retire_ms: int = SOON_MS) -> None:
        self.blocks = ring_bytes // BLOCK
        self._at = 0
        ring = struct.pack("7I", BLOCK, self.blocks, BLOCK, self.blocks, retire_ms, 0, 0)
        super().__init__(device, index, ring_bytes, code, _V3, ring)

    def packets(self, until: float = math.inf) -> Iterator[int]:
        """Yield where packets are, of blocks that the kernel has handed over, at most a ring full.

        No block is begun after a CPU time of this thread, in seconds.
        """
        ring = self.ring
        for _ in range(self.blocks):
            if time.thread_time() > until:
                return
            start = self._at * BLOCK
            if not _STATUS.unpack_from(ring, start + 8)[0] & 1:  # TP_STATUS_USER: the block is ours
                return
            count, first = _COUNT.unpack_from(ring, start + 12)
            at = start + first
            try:
                for _ in range(count):
                    yield at
                    at += PACKET(ring, at)[0]
            finally:
                _STATUS.pack_into(ring, start + 8, 0)  # the kernel's again
                self._at = (self._at + 1) % self.blocks

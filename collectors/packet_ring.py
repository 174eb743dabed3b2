"""One network device, listened to: a packet socket with a filter, and the ring its packets come in.

TPACKET_V2, whose frames can be read the moment they come: the blocks of V3 are handed over when full or timed out, so a
window's last packets would be missed, and a timer runs at rest. Layout: Documentation/networking/packet_mmap.rst and
include/uapi/linux/if_packet.h.
"""

import mmap
import socket
import struct
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from collectors import packet_socket
from collectors.packet_socket import PACKET

FRAME = 256  # headers of at most 100 bytes and a dozen of payload behind 80 of the kernel's; pages hold whole frames
BLOCK = 64 << 10
ETH_P_ALL = 3
OUTGOING = 4  # sll_pkttype
PLAIN = 0x45  # IPv4 without options, which is nearly all there is
# struct tpacket2_hdr and sockaddr_ll: snaplen, offset of the IP header, seconds, nanoseconds, sll_pkttype.
HEADER = struct.Struct("=8xI2xHII18xB").unpack_from
_RX_RING, _VERSION, _IGNORE_OUTGOING = 5, 10, 23  # options of SOL_PACKET
_V2 = 1
_IPV4 = struct.Struct("!12x4s4s").unpack_from
_IPV6 = struct.Struct("!8x16s16s").unpack_from
# Closing waits until no CPU handles a packet any more (net/packet/af_packet.c, synchronize_net), 20 to 60 ms. When a
# host's containers end, there are dozens of sockets to close; they wait together.
_CLOSING = ThreadPoolExecutor(8, "closing")


class DeviceSocket:
    """A packet socket on a device, with a ring. OSError when the kernel does not allow it: PermissionError without
    CAP_NET_RAW.
    """

    def __init__(self, device: str, index: int, ring_bytes: int, code: bytes, version: int, ring: bytes) -> None:
        self.index = index
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC, 0)
        try:
            self.load(code)  # before it is bound: nothing comes unfiltered
            if device == "lo":  # shows every packet twice; before Linux 4.20 the second is known by its number
                with suppress(OSError):
                    self._socket.setsockopt(PACKET, _IGNORE_OUTGOING, 1)
            self._socket.setsockopt(PACKET, _VERSION, version)
            self._socket.setsockopt(PACKET, _RX_RING, ring)
            self.ring = mmap.mmap(self._socket.fileno(), ring_bytes)
            packet_socket.bind(self._socket, index, ETH_P_ALL)
        except OSError:
            self._socket.close()
            raise

    def load(self, code: bytes) -> None:
        """Let pass what a program of the kernel's packet filter accepts, from now on."""
        packet_socket.attach(self._socket, code)

    def statistics(self) -> tuple[int, int]:
        """Return how many packets passed the filter, and how many of them found the ring full, since the last call."""
        return packet_socket.statistics(self._socket)

    def close(self) -> None:
        """Take the ring and the socket down: the ring at once, the socket soon."""
        self.ring.close()
        _CLOSING.submit(self._socket.close)


class PacketRing(DeviceSocket):
    """A device's ring of frames.

    A reader takes the frame `at` while the state of it (`states`, by words) has its lowest bit set, sets that
    state to 0, and goes on to the next: at most `frames` of them in one go.
    """

    def __init__(self, device: str, index: int, ring_bytes: int, code: bytes) -> None:
        self.frames = ring_bytes // FRAME
        self.at = 0
        ring = struct.pack("4I", BLOCK, ring_bytes // BLOCK, FRAME, self.frames)
        super().__init__(device, index, ring_bytes, code, _V2, ring)
        self.states = memoryview(self.ring).cast("I")

    def close(self) -> None:
        """Take the ring and the socket down."""
        self.states.release()
        super().close()


def unusual(ring: mmap.mmap, ip: int) -> tuple[bytes, bytes, int]:
    """Return both addresses, and where TCP begins, of IPv6 or of IPv4 with options."""
    if ring[ip] >> 4 == 4:
        source, target = _IPV4(ring, ip)
        return source, target, ip + ((ring[ip] & 15) << 2)
    source, target = _IPV6(ring, ip)
    return source, target, ip + 40

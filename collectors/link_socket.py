"""Announcements that reach one device: a packet socket for each protocol.

Each is bound to its protocol, so the kernel looks at no other packet for it. Frames by IEEE 802.2 are of several
protocols, spanning tree among them: a filter passes those of CDP alone.
"""

import socket
from contextlib import suppress
from typing import NamedTuple

from collectors import cdp, lldp, packet_socket
from collectors.announced import Parse
from collectors.packet_filter import DROP, JEQ, LDW, RET, Step, assembled

MOST_FRAMES = 64  # of a socket and window: what is left is dropped by the kernel once its buffer is full
LONGEST = 2_048  # bytes of a frame: those of Ethernet, and some
_ETH_P_802_2 = 0x0004
_HIGH, _LOW = (int.from_bytes(half) for half in (cdp.SNAP[:4], cdp.SNAP[4:]))
_IS_CDP: tuple[Step, ...] = (
    (LDW, 0, "", ""),
    (JEQ, _HIGH, "", "drop"),
    (LDW, 4, "", ""),
    (JEQ, _LOW, "", "drop"),
    (RET, LONGEST, "", ""),
    *DROP,
)


class Spoken(NamedTuple):
    """A protocol of announcements: how its frames are chosen, and where they are sent."""

    name: str
    parse: Parse
    packets: int
    groups: tuple[bytes, ...]
    code: bytes = b""


PROTOCOLS = (
    Spoken("lldp", lldp.parse, lldp.ETHERTYPE, lldp.GROUPS),
    Spoken("cdp", cdp.parse, _ETH_P_802_2, cdp.GROUPS, assembled([*_IS_CDP])),
)


class LinkSocket:
    """Listens for one protocol on one device. OSError where the kernel does not allow it, as without CAP_NET_RAW."""

    def __init__(self, index: int, spoken: Spoken) -> None:
        self.spoken = spoken
        self.dropped = 0
        kind = socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        self._socket = socket.socket(socket.AF_PACKET, kind, 0)
        try:
            if spoken.code:
                packet_socket.attach(self._socket, spoken.code)  # before it is bound: nothing comes unfiltered
            packet_socket.bind(self._socket, index, spoken.packets)
            for group in spoken.groups:
                packet_socket.join(self._socket, index, group)
        except OSError:
            self._socket.close()
            raise

    def frames(self) -> list[bytes]:
        """Take what has come, without the headers of Ethernet."""
        found: list[bytes] = []
        with suppress(OSError):  # no more has come, or the device is down
            while len(found) < MOST_FRAMES:
                found.append(self._socket.recv(LONGEST))
        if found:
            self.dropped += packet_socket.statistics(self._socket)[1]
        return found

    def close(self) -> None:
        """Stop listening; the device leaves the groups."""
        self._socket.close()

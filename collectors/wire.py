"""How connections open and close, read off the wire: what the kernel does not report about a socket when it is gone.

A socket that resets its connection (SO_LINGER of no time, connect() to AF_UNSPEC), or whose connect() fails while it
waits, has been cleared by the time the kernel reports its end: of addresses, the peer's is left, of ports its own, and
of counters nothing (net/ipv4/tcp.c, tcp_disconnect). The headers of SYN, FIN and RST have all of it.
"""

import socket
from collections.abc import Callable, Sequence

from collectors.closing import Flow
from collectors.diag import Identity, address
from collectors.entering import STAY, Enter
from collectors.interfaces import read_interfaces
from collectors.rtnetlink import InterfaceAddress
from collectors.settings import Settings
from collectors.socket_scan import ANY
from collectors.talks import Side, Talks
from collectors.taps import Taps
from collectors.wire_tap import WireTap

# Bytes of each device's ring, which are resident: loopback and the first other one, then bridges and the like. 1 MiB
# holds 4,096 packets, those of 0.2 s at 5,000 connections a second.
RINGS = (1 << 20, 1 << 20, 256 << 10, 256 << 10, 256 << 10)
RINGS_ELSEWHERE = (128 << 10, 128 << 10)  # in each other namespace that is looked at so closely
WHAT = "peers and last bytes of connections that are reset, peers of those that are refused"


class Wire:
    """Knows the connections that opened, or were about to close, since it was opened."""

    def __init__(
        self,
        settings: Settings,
        interfaces: Callable[[], list[InterfaceAddress]] = read_interfaces,
        *,
        heed: Callable[[], bool] = lambda: True,
        rings: Sequence[int] = RINGS,
        enter: Enter = STAY,
    ) -> None:
        self._taps = Taps(WireTap, rings, interfaces, settings.is_local, enter)
        self._off = not settings.tcp_headers
        self._heed = heed
        self._talks = Talks()
        self._cleared: dict[tuple[bytes, bool], list[Side]] | None = None
        self._thorough = False
        self._dropped = 0

    def open(self) -> None:
        """Begin to listen."""
        if not self._off and self._heed():
            self._taps.follow()

    def drain(self) -> None:
        """Take what has come out of the rings."""
        own, add = self._taps.own, self._talks.add
        for tap, everything_here in self._taps.rings():
            if everything_here:
                for flow, flags, sequence, acknowledged, size in tap.marks():
                    add(flow, flags, sequence, acknowledged, size, 2)
            else:
                for flow, flags, sequence, acknowledged, size in tap.marks():
                    half = (len(flow) - 4) // 2
                    if flow[:half] in own or flow[half : 2 * half] in own:
                        add(flow, flags, sequence, acknowledged, size, 1)
        dropped = self._taps.statistics()[1]
        if dropped:
            self._dropped += dropped
            self._talks.gaps += 1

    def opener(self, identity: Identity) -> bool | None:
        """Return whether an end opened its latest connection; None when that was not seen."""
        return self._talks.opener(packed(identity))

    def close(self, identity: Identity) -> Side | None:
        """Take what was seen of the connection of a socket that is gone."""
        return self._talks.close(packed(identity))

    def find(self, identity: Identity, *, established: bool) -> tuple[Identity, Side] | None:
        """Take the connection of a socket of which its port and the peer's address are all that is known."""
        for thorough in (False, True):
            if self._cleared is None or (thorough and not self._thorough):
                self._index(thorough=thorough)
            assert self._cleared is not None
            sides = self._cleared.get((_known(identity), established), [])
            for at, one in enumerate(sides):
                found = unpacked(one.flow(), identity.uid)
                if not one.talk.reported[one.side] and identity.local_address in (found.local_address, *ANY):
                    del sides[at]
                    self._talks.claim(one)
                    return found, one
        return None

    def fin_came(self, side: Side, received: int) -> bool | None:
        """Return whether bytes received include the peer's FIN; None where that is not known."""
        return side.fin_came(received, self._talks.gaps)

    def last(self, side: Side) -> tuple[int, int] | None:
        """Return the payload bytes that a socket had sent and received when it reset its connection."""
        return side.last(self._talks.gaps)

    def turn(self) -> None:
        """Go on to the next window."""
        self._cleared, self._thorough = None, False
        self._talks.sweep()
        self.open()

    def missing(self) -> dict[str, str]:
        """Return what cannot be seen."""
        if self._off:
            return {WHAT: "tcp_headers, which is switched off"}
        if self._taps.denied:
            return {WHAT: self._taps.denied}
        beyond = self._taps.beyond
        return {f"{WHAT}, on {beyond} devices": f"no more than {len(RINGS)}"} if beyond else {}

    def counters(self) -> dict[str, int]:
        """Return what was lost."""
        return {"tcp_headers_dropped": self._dropped, "connections_forgotten": self._talks.forgotten}

    def shut(self) -> None:
        """Stop listening."""
        self._taps.close()

    def _index(self, *, thorough: bool) -> None:
        self._cleared, self._thorough = {}, thorough
        for established in (True, False):
            for side in self._talks.ended(established=established, everything=thorough):
                flow = side.flow()
                half = (len(flow) - 4) // 2
                self._cleared.setdefault((flow[half:-2], established), []).append(side)


def packed(flow: Flow | Identity) -> bytes:
    """Return a flow as its packets have it."""
    family = socket.AF_INET6 if ":" in flow.local_address else socket.AF_INET
    local, remote = (socket.inet_pton(family, address) for address in (flow.local_address, flow.remote_address))
    return local + remote + flow.local_port.to_bytes(2, "big") + flow.remote_port.to_bytes(2, "big")


def unpacked(flow: bytes, uid: int) -> Identity:
    """Return the identity of the end whose packets have this flow."""
    half = (len(flow) - 4) // 2
    family = socket.AF_INET6 if half == 16 else socket.AF_INET
    local, remote = address(family, flow[:half]), address(family, flow[half : 2 * half])
    return Identity(local, int.from_bytes(flow[-4:-2], "big"), remote, int.from_bytes(flow[-2:], "big"), uid)


def _known(identity: Identity) -> bytes:
    """Return what is known of a flow: the peer's address and the own port."""
    family = socket.AF_INET6 if ":" in identity.remote_address else socket.AF_INET
    return socket.inet_pton(family, identity.remote_address) + identity.local_port.to_bytes(2, "big")

"""Datagrams of one network namespace, read off the wire: who exchanges them by sockets without a peer.

Only headers are read, and when they are many, a sample of them: a flow of many datagrams is seen all the same.
"""

from collections.abc import Callable, Sequence
from ipaddress import IPv4Interface, ip_interface

from collectors.datagram_flows import MOST_OF_PORT, QUIET_MS, DatagramFlows
from collectors.datagram_tap import DatagramTap
from collectors.delivery import Delivery
from collectors.entering import STAY, Enter
from collectors.rtnetlink import InterfaceAddress
from collectors.settings import Settings
from collectors.socket_scan import Seen
from collectors.taps import Taps
from collectors.tracked import ConnectionRow
from collectors.window import Window

# Bytes of each device's ring, which are resident: 256 KiB hold 1,024 headers, those of 0.2 s at 5,000 a second.
RINGS = (256 << 10, 256 << 10, 64 << 10, 64 << 10, 64 << 10)
RINGS_ELSEWHERE = (64 << 10, 64 << 10)  # in each other namespace that is looked at so closely
MOST, MOST_ELSEWHERE = 4_096, 512  # flows
MOST_PACKETS = 5_000  # a second, about 1 us each
MOST_HALVINGS = 10
MOST_SEEN = 8_192  # flows that are distinguished in a window, besides those that are known
WHAT = "peers of UDP sockets that are not connected"
_LOOPBACK = b"\x7f"


class Datagrams:
    """Knows the flows since it was opened."""

    def __init__(
        self,
        settings: Settings,
        interfaces: Callable[[], list[InterfaceAddress]],
        netns: int,
        *,
        heed: Callable[[], bool] = lambda: True,
        elsewhere: bool = False,
        fresh: bool = False,
        enter: Enter = STAY,
    ) -> None:
        self._interfaces = interfaces
        self._rings = RINGS_ELSEWHERE if elsewhere else RINGS
        self._taps = Taps(self._tap, self._rings, interfaces, settings.is_local, enter)
        self._off = not settings.datagrams
        self._heed = heed
        self._own = Own(())
        self._found: list[InterfaceAddress] | None = None
        self._delivery = Delivery(enter)
        most = MOST_ELSEWHERE if elsewhere else MOST
        self._flows = DatagramFlows(netns, most, self._delivery.is_here, fresh=fresh)
        self._seen: dict[bytes, None] = {}
        self._halvings = 0
        self._indistinct = 0  # datagrams of more flows than are distinguished
        self._dropped = 0

    def open(self) -> None:
        """Begin to listen."""
        if self._off or not self._heed():
            return
        self._taps.follow()
        found = self._interfaces()
        if found is not self._found:
            self._found, self._own = found, Own(found)

    def drain(self) -> None:
        """Take what has come out of the rings."""
        seen, own, broadcast, known = self._seen, self._own, self._own.broadcast, self._flows
        for tap, _ in self._taps.rings():
            for flow in tap.flows():
                if flow in seen:
                    continue
                half = (len(flow) - 4) // 2
                target = flow[half : 2 * half]
                if (flow[:half] in own or target in own) and target not in broadcast:
                    if len(seen) < MOST_SEEN or flow in known:
                        seen[flow] = None
                    else:
                        self._indistinct += 1

    def rows(self, seen: Seen, window: Window) -> list[ConnectionRow]:
        """Return the flows that are new or over, and on a keyframe all others. Drain before the scan."""
        if self._off or not self._heed():
            return []
        self._delivery.turn()
        flows, self._seen = self._seen, {}
        rows = self._flows.rows(flows, seen, self._own, window, QUIET_MS * (1 + self._halvings))
        packets, dropped = self._taps.statistics()
        self._dropped += dropped
        self._adapt(packets * 1_000 // window.width)
        self.open()
        return rows

    def missing(self) -> dict[str, str]:
        """Return what cannot be seen."""
        if self._off:
            return {WHAT: "datagrams, which is switched off"}
        if self._taps.denied:
            return {WHAT: self._taps.denied}
        missing = {}
        if beyond := self._taps.beyond:
            missing[f"{WHAT}, on {beyond} devices"] = f"no more than {len(self._rings)}"
        if beyond := self._flows.beyond:
            missing[f"some {WHAT}"] = (
                f"no more than {self._flows.most}, {MOST_OF_PORT} of a port: {beyond} are left out"
            )
        return missing

    def counters(self) -> dict[str, int]:
        """Return what was lost."""
        return {"datagrams_dropped": self._dropped + self._indistinct, "datagram_flows_dropped": self._flows.dropped}

    def shut(self) -> None:
        """Stop listening."""
        self._taps.close()
        self._delivery.close()

    def _tap(self, device: str, index: int, ring_bytes: int) -> DatagramTap:
        return DatagramTap(device, index, ring_bytes, self._halvings)

    def _adapt(self, packets: int) -> None:
        """Look at half as many datagrams, and again, while they are too many; at twice as many once that will do."""
        before = self._halvings
        while packets > MOST_PACKETS and self._halvings < MOST_HALVINGS:
            self._halvings, packets = self._halvings + 1, packets // 2
        if self._halvings == before and before and packets < MOST_PACKETS // 4:
            self._halvings -= 1
        if self._halvings != before:
            for tap, _ in self._taps.rings():
                tap.filter(self._halvings)


class Own:
    """The addresses of a namespace, as packets have them, all of loopback among them."""

    def __init__(self, found: Sequence[InterfaceAddress]) -> None:
        held = [ip_interface(f"{one.address.partition('%')[0]}/{one.prefix}") for one in found]
        self._addresses = {one.packed for one in held}
        self.broadcast = {
            one.network.broadcast_address.packed
            for one in held
            if isinstance(one, IPv4Interface) and one.network.num_addresses > 2
        }
        """What reaches everybody on a link."""

    def __contains__(self, address: object) -> bool:
        return address in self._addresses or (isinstance(address, bytes) and _is_loopback(address))


def _is_loopback(address: bytes) -> bool:
    return len(address) == 4 and address.startswith(_LOOPBACK)

"""HTTP/1 requests: how many of which method were answered how, and how fast, connection by connection.

Read off the wire: packets' first bytes, on every device of a network namespace that has an address. Under load fewer
connections are looked at, and the batch states how few. What is asked for, headers and bodies are never read.
"""

from collections.abc import Callable, Sequence
from functools import partial

from collectors.closing import flow_of
from collectors.entering import STAY, Enter
from collectors.everywhere import Everywhere
from collectors.http_filter import MOST_HALVINGS
from collectors.http_pairs import Pairs
from collectors.http_tap import Tap
from collectors.interfaces import read_interfaces
from collectors.networks import Network
from collectors.registry import Sources, Turn, register
from collectors.rtnetlink import InterfaceAddress
from collectors.settings import Settings
from collectors.socket_scan import SocketScan
from collectors.taps import Taps
from collectors.window import Window
from schemas.raw import RequestBatch, Requests
from schemas.topics import REQUESTS

# Bytes of each device's ring, which are resident: loopback and the first other one, then bridges and the like. 2 MiB
# hold 8,192 packets, those of 0.4 s at 10,000 requests a second.
RINGS = (2 << 20, 2 << 20, 512 << 10, 512 << 10, 512 << 10)
RINGS_ELSEWHERE = (256 << 10, 256 << 10)  # in each other namespace that is looked at so closely
MOST_PACKETS = 50_000  # a second, about 2 us each


class HttpCollector:
    """Reports requests answered, and such as never will be: the server ended the connection, or the client gave up."""

    topic = REQUESTS

    def __init__(
        self,
        settings: Settings,
        scan: SocketScan,
        netns: int = 0,
        interfaces: Callable[[], list[InterfaceAddress]] = read_interfaces,
        *,
        rings: Sequence[int] = RINGS,
        enter: Enter = STAY,
    ) -> None:
        self._scan = scan
        self._netns = netns
        self._taps = Taps(self._tap, rings, interfaces, settings.is_local, enter)
        self._pairs = Pairs()
        self._halvings = 0
        self._dropped = 0
        self._refused = 0

    def open(self, window: Window) -> None:
        """Begin to listen, and open the scan, which knows what closed."""
        self._scan.open()
        self._taps.follow()

    def drain(self) -> None:
        """Take what has come out of the rings."""
        own = self._taps.own
        for tap, everything_here in self._taps.rings():
            for segment in tap.segments():
                if everything_here or segment[0] in own or segment[1] in own:
                    self._pairs.add(segment, everything_here)

    def collect(self, window: Window) -> RequestBatch:
        """Return what was answered, or given up, since the last call."""
        self.drain()
        closed = self._scan.look(window.start).closed if self._pairs.waiting() else []
        self.drain()  # whatever the scan saw closed has been answered by now, or never will be
        packets, drops = self._statistics()
        if drops:
            self._pairs.doubt()
        now = (window.start + window.width) * 1_000_000
        rows = list(self._pairs.take(now, {flow_of(one.identity) for one in closed}))
        sampling = 1 << self._halvings
        self._adapt(packets / (window.width / 1000), drops)
        self._taps.follow()
        return window.batch(RequestBatch, netns=self._netns, sampling=sampling, requests=Requests.of(rows))

    def missing(self) -> dict[str, str]:
        """Return what cannot be seen."""
        if self._taps.denied:
            return {"HTTP requests": self._taps.denied}
        beyond = self._taps.beyond
        return {f"HTTP requests on {beyond} devices": f"no more than {len(RINGS)}"} if beyond else {}

    def counters(self) -> dict[str, int]:
        """Return what was lost."""
        return {
            "http_packets_dropped": self._dropped,
            "http_requests_dropped": self._pairs.refused,
            "http_answers_missed": self._pairs.missed,
        }

    def close(self) -> None:
        """Stop listening."""
        self._taps.close()

    def _tap(self, device: str, index: int, ring_bytes: int) -> Tap:
        return Tap(device, index, ring_bytes, self._halvings)

    def _statistics(self) -> tuple[int, int]:
        """Return how many packets passed the filters, and how many were dropped, since the last call."""
        packets, drops = self._taps.statistics()
        self._dropped += drops
        return packets, drops

    def _adapt(self, rate: float, drops: int) -> None:
        """Look at half as many connections when these are too many, and at twice as many once that will do."""
        refused = self._pairs.refused - self._refused
        self._refused = self._pairs.refused
        lost = drops or refused
        if (lost or rate > MOST_PACKETS) and self._halvings < MOST_HALVINGS:
            self._sample(self._halvings + 1)
        elif self._halvings and rate < MOST_PACKETS / 4 and not lost:
            self._sample(self._halvings - 1)

    def _sample(self, halvings: int) -> None:
        self._halvings = halvings
        for tap, _ in self._taps.rings():
            tap.filter(halvings)
        self._pairs.thin(halvings)


@register(Turn.REQUESTS)
def collector(sources: Sources) -> Everywhere | None:
    """Return the collector of requests, unless it is turned off."""
    settings, networks = sources.settings, sources.networks

    def make(network: Network) -> HttpCollector | None:
        rings = RINGS if network is networks.own else RINGS_ELSEWHERE
        made = partial(HttpCollector, settings, network.scan, network.inode, network.watch.read)
        return made(rings=rings, enter=network.enter) if network.tapped else None

    return Everywhere(REQUESTS, networks, make) if settings.http else None

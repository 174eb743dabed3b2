"""HTTP/1 requests: how many of which method were answered how, and how fast, connection by connection.

Read off the wire: packets' first bytes, on every device of this network namespace that has an address. Under load fewer
connections are looked at, and the batch says how few. What is asked for, headers and bodies are never read.
"""

import errno
import os
import socket
from collections.abc import Callable

from collectors.closing import flow_of
from collectors.http_filter import MOST_HALVINGS
from collectors.http_pairs import Pairs
from collectors.http_tap import Tap
from collectors.rtnetlink import InterfaceAddress, read_interfaces
from collectors.settings import Settings
from collectors.socket_scan import SocketScan
from collectors.window import Window
from schemas.raw import RequestBatch, Requests
from schemas.text import to_text
from schemas.topics import REQUESTS

LOOPBACK = "lo"
# Bytes of each device's ring, which are resident: loopback and the first other one, then bridges and the like. 2 MiB
# hold 8,192 packets, those of 0.4 s at 10,000 requests a second.
RINGS = (2 << 20, 2 << 20, 512 << 10, 512 << 10, 512 << 10)
MOST_PACKETS = 50_000  # a second, about 2 us each
NEEDS = "CAP_NET_RAW (run as root)"
GONE = (errno.ENODEV, errno.ENXIO)


class HttpCollector:
    """Reports requests answered, and such as never will be: the server ended the connection, or the client gave up."""

    topic = REQUESTS

    def __init__(
        self,
        settings: Settings,
        scan: SocketScan,
        netns: int = 0,
        interfaces: Callable[[], list[InterfaceAddress]] = read_interfaces,
    ) -> None:
        self._settings = settings
        self._scan = scan
        self._netns = netns
        self._interfaces = interfaces
        self._taps: dict[str, Tap] = {}
        self._own: set[bytes] = set()
        self._found: list[InterfaceAddress] | None = None
        self._all_tapped = False
        self._pairs = Pairs()
        self._halvings = 0
        self._denied = ""
        self._beyond = 0  # devices not looked at
        self._dropped = 0
        self._refused = 0

    def open(self, window: Window) -> None:
        """Begin to listen, and open the scan, which knows what closed."""
        self._scan.open()
        self._follow()

    def drain(self) -> None:
        """Take what has come out of the rings."""
        for name, tap in self._taps.items():
            everything_here = name == LOOPBACK
            for segment in tap.segments():
                if everything_here or segment[0] in self._own or segment[1] in self._own:
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
        self._follow()
        return window.batch(RequestBatch, netns=self._netns, sampling=sampling, requests=Requests.of(rows))

    def missing(self) -> dict[str, str]:
        """Return what cannot be seen."""
        if self._denied:
            return {"HTTP requests": self._denied}
        return {f"HTTP requests on {self._beyond} devices": f"no more than {len(RINGS)}"} if self._beyond else {}

    def counters(self) -> dict[str, int]:
        """Return what was lost."""
        return {
            "http_packets_dropped": self._dropped,
            "http_requests_dropped": self._pairs.refused,
            "http_answers_missed": self._pairs.missed,
        }

    def close(self) -> None:
        """Stop listening."""
        while self._taps:
            self._taps.popitem()[1].close()

    def _follow(self) -> None:
        """Listen on the devices there are: loopback and those that mean something elsewhere go first."""
        if self._denied:
            return
        found = self._interfaces()
        if found is self._found and self._all_tapped:
            return
        self._found = found
        self._own = {_packed(one.address) for one in found}
        names = sorted({one.name for one in found}, key=self._rank)
        self._beyond = len(names[len(RINGS) :])
        names = names[: len(RINGS)]
        indexes = {name: index for index, raw in socket.if_nameindex() if (name := to_text(os.fsencode(raw))) in names}
        for name in [name for name, tap in self._taps.items() if indexes.get(name) != tap.index]:
            self._taps.pop(name).close()
        for name in sorted(indexes.keys() - self._taps.keys()):
            try:
                self._taps[name] = Tap(name, indexes[name], RINGS[names.index(name)], self._halvings)
            except PermissionError:
                self._denied = NEEDS
            except OSError as error:
                if error.errno not in GONE:
                    self._denied = f"packet sockets ({error})"
        self._all_tapped = self._taps.keys() >= set(names)

    def _rank(self, device: str) -> tuple[bool, bool, str]:
        return device != LOOPBACK, self._settings.is_local(device), device

    def _statistics(self) -> tuple[int, int]:
        """Return how many packets passed the filters, and how many were dropped, since the last call."""
        counted = [tap.statistics() for tap in self._taps.values()]
        drops = sum(dropped for _, dropped in counted)
        self._dropped += drops
        return sum(packets for packets, _ in counted), drops

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
        for tap in self._taps.values():
            tap.filter(halvings)
        self._pairs.thin(halvings)


def _packed(address: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)

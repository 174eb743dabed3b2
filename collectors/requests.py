"""Requests, connection by connection: how many of which operation were answered how, how fast. What servers speak, and
the names by which DNS led to them.

Under load fewer connections are looked at, and the batch states how few.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from collectors import diag, http, protocol_traffic
from collectors.allowance import Spare, allowance
from collectors.entering import STAY, Enter
from collectors.everywhere import Everywhere
from collectors.http import HttpTraffic
from collectors.interfaces import read_interfaces
from collectors.name_cache import NameCache
from collectors.networks import Network
from collectors.protocol_traffic import ProtocolTraffic
from collectors.registry import Sources, Turn, register
from collectors.resolved import MOST, MOST_ELSEWHERE, Resolved
from collectors.rtnetlink import InterfaceAddress
from collectors.sampling import MOST_HALVINGS
from collectors.settings import Settings
from collectors.socket_scan import Seen, SocketScan
from collectors.window import Window
from schemas.raw import DnsNames, RequestBatch, Requests, Spoken
from schemas.topics import REQUESTS

EARLY = 0.25  # of the allowance of a window: when so much more has been taken, half of the connections are left again


class RequestCollector:
    """Reports requests answered, and such as never will be, and what has been seen to be spoken by servers."""

    topic = REQUESTS

    def __init__(
        self,
        settings: Settings,
        scan: SocketScan,
        netns: int = 0,
        interfaces: Callable[[], list[InterfaceAddress]] = read_interfaces,
        *,
        elsewhere: bool = False,
        rings: Sequence[int] = (),
        enter: Enter = STAY,
        heed: Callable[[], bool] = lambda: True,
        name_cache: NameCache | None = None,
        spare: Callable[[], float] | None = None,
    ) -> None:
        self._scan = scan
        self._spare = spare or Spare(settings.proc).cores
        self._heed = heed
        self._netns = netns
        self._http: HttpTraffic | None = None
        self._protocols: ProtocolTraffic | None = None
        if settings.http:
            of_http = rings or (http.RINGS_ELSEWHERE if elsewhere else http.RINGS)
            self._http = HttpTraffic(settings, interfaces, of_http, enter)
        if settings.protocols:
            others = protocol_traffic.RINGS_ELSEWHERE if elsewhere else protocol_traffic.RINGS
            self._protocols = ProtocolTraffic(settings, interfaces, others, enter, name_cache)
        self._resolved: Resolved | None = None
        if self._protocols is not None and name_cache is not None:
            self._resolved = Resolved(name_cache, MOST_ELSEWHERE if elsewhere else MOST)
        self._traffic: list[HttpTraffic | ProtocolTraffic] = [
            traffic for traffic in (self._http, self._protocols) if traffic is not None
        ]
        self._halvings = 0
        self._early = 0.0  # what it had taken when fewer connections were last looked at within the window
        self._seconds = settings.window_ms / 1000
        self._busy = 0.0  # CPU time that all took until the window began
        self._refused = 0

    def open(self, window: Window) -> None:
        """Begin to listen, and open the scan, which knows what closed."""
        self._scan.open()
        self._follow()

    def drain(self) -> None:
        """Take what has come out of the rings."""
        for traffic in self._traffic:
            traffic.drain()
        used, allowed = self._used(), self._allowed()
        if used > max(self._early + EARLY * allowed, allowed) and self._halvings < MOST_HALVINGS:
            self._early = used
            self._sample(self._halvings + 1)

    def collect(self, window: Window) -> RequestBatch:
        """Return what was answered, or given up, since the last call, and what servers have begun to speak."""
        self.drain()
        seen = self._scan.look(window.start) if self._heeds() else Seen()
        if self._protocols is not None:
            self._protocols.wait(seen.at)
        self.drain()  # whatever the scan saw closed has been answered by now, or never will be
        lost = sum(traffic.lost() for traffic in self._traffic)
        rows = list(self._rows((window.start + window.width) * 1_000_000, seen))
        spoken = list(self._spoken(window, seen))
        names = list(self._names(window, seen))
        sampling = 1 << self._halvings
        self._seconds = window.width / 1000
        self._adapt(lost=lost > 0)
        self._follow()
        return window.batch(
            RequestBatch,
            netns=self._netns,
            sampling=sampling,
            requests=Requests.of(rows),
            spoken=Spoken.of(spoken),
            names=DnsNames.of(names),
        )

    def missing(self) -> dict[str, str]:
        """Return what cannot be seen."""
        return {what: needs for traffic in self._traffic for what, needs in traffic.missing().items()}

    def counters(self) -> dict[str, int]:
        """Return what was lost."""
        lost = {name: count for traffic in self._traffic for name, count in traffic.counters().items()}
        return lost | ({"dns_names_dropped": self._resolved.dropped} if self._resolved is not None else {})

    def close(self) -> None:
        """Stop listening."""
        for traffic in self._traffic:
            traffic.close()

    def _heeds(self) -> bool:
        """Return whether it matters here what the scan sees, and another one has had the first look."""
        waiting = self._http is not None and self._http.waiting()
        return (waiting or self._protocols is not None) and self._heed()

    def _follow(self) -> None:
        for traffic in self._traffic:
            traffic.follow()

    def _rows(self, now: int, seen: Seen) -> Iterator[tuple[Any, ...]]:
        if self._http is not None:
            for row in self._http.take(now, seen.over() if self._http.waiting() else ()):
                if self._protocols is not None:
                    self._protocols.learn_http(row)
                yield row
        if self._protocols is not None:
            yield from self._protocols.take(now)

    def _spoken(self, window: Window, seen: Seen) -> Iterator[tuple[str, int, str, str]]:
        if self._protocols is None:
            return
        self._protocols.listen(seen.bound)
        if window.keyframe:
            self._protocols.keep(frozenset(port for row in seen.tcp.values() for port in diag.ports(row)))
        yield from self._protocols.spoken(everything=window.keyframe)

    def _names(self, window: Window, seen: Seen) -> Iterator[tuple[str, str, int, str]]:
        if self._resolved is None or not seen.at:
            return
        self._resolved.connect(seen, (window.start + window.width) * 1_000_000)
        living = seen.tcp.keys() | seen.udp.keys() if window.keyframe else ()
        yield from self._resolved.take(living, everything=window.keyframe)

    def _used(self) -> float:
        """Return the CPU time that looking has taken since the window began."""
        return sum(traffic.busy for traffic in self._traffic) - self._busy

    def _allowed(self) -> float:
        return allowance(self._seconds, self._spare())

    def _adapt(self, *, lost: bool) -> None:
        """Look at half as many connections when these are too many, and at twice as many once that will do.

        When the allowance of a window is used up, that is done at once: what was counted of the others is forgotten,
        so that all of the window is about the same connections.
        """
        refused = sum(traffic.refused for traffic in self._traffic)
        lost |= refused > self._refused
        self._refused = refused
        if not self._early:
            if lost and self._halvings < MOST_HALVINGS:
                self._sample(self._halvings + 1)
            elif self._halvings and not lost and self._used() < self._allowed() / 4:
                self._sample(self._halvings - 1)
        self._early = 0.0
        self._busy += self._used()

    def _sample(self, halvings: int) -> None:
        self._halvings = halvings
        for traffic in self._traffic:
            traffic.sample(halvings)


@register(Turn.REQUESTS)
def collector(sources: Sources) -> Everywhere | None:
    """Return the collector of requests, unless it is turned off."""
    settings, networks = sources.settings, sources.networks

    name_cache = NameCache() if settings.dns_names or settings.http_names else None
    spare = Spare(settings.proc).cores

    def make(network: Network) -> RequestCollector | None:
        made = partial(RequestCollector, settings, network.scan, network.inode, network.watch.read)
        own, reported = network is networks.own, lambda: network.reported
        return (
            made(elsewhere=not own, enter=network.enter, heed=reported, name_cache=name_cache, spare=spare)
            if network.tapped
            else None
        )

    return Everywhere(REQUESTS, networks, make) if settings.http or settings.protocols else None

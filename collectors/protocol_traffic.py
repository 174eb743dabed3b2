"""What servers speak in one network namespace, and the requests of the protocols that have a parser.

Read off the wire, on every device of the namespace that has an address. Rings are small until there is something to
follow: a request of an unknown server shows what it may speak, and the answers to the next ones confirm it.
"""

import socket
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from collectors.block_ring import LATEST_S, LEAST_BYTES
from collectors.conversations import Conversations
from collectors.entering import Enter
from collectors.flows import text
from collectors.name_cache import NameCache
from collectors.protocol_filter import MOST_PORTS
from collectors.protocol_tap import ProtocolTap
from collectors.protocols.known import HTTP
from collectors.rtnetlink import InterfaceAddress
from collectors.settings import Settings
from collectors.socket_scan import ANY
from collectors.taps import LOOPBACK, Taps

# Bytes of each device's ring where a protocol is followed, which are resident.
RINGS = (4 << 20, 4 << 20, 1 << 20, 1 << 20, 1 << 20)
RINGS_ELSEWHERE = (1 << 20, 1 << 20)  # in each other namespace that is looked at so closely
WHAT = "what ports serve, and requests other than HTTP's"
LONGEST_S = 0.05  # CPU time of one drain; what it leaves in the rings may be lost, which is counted


class ProtocolTraffic:
    """Servers with their protocols, and requests with their answers."""

    def __init__(
        self,
        settings: Settings,
        interfaces: Callable[[], list[InterfaceAddress]],
        rings: Sequence[int],
        enter: Enter,
        name_cache: NameCache | None = None,
    ) -> None:
        self._sizes = rings
        self._taps = Taps(self._tap, [LEAST_BYTES] * len(rings), interfaces, settings.is_local, enter)
        self._hosts = settings.http_names
        self._talk = Conversations(
            self._listens,
            name_cache=name_cache if settings.dns_names else None,
            hosts=name_cache if settings.http_names else None,
        )
        self._bound: frozenset[tuple[str, int]] = frozenset()
        self._followed: frozenset[int] = frozenset()
        self._settled: frozenset[int] = frozenset()
        self._brief: frozenset[int] = frozenset()
        self._halvings = 0
        self._dropped = 0
        self._beyond = 0  # ports that are not followed, for they are too many
        self.busy = 0.0
        """CPU time that it took, s."""

    @property
    def refused(self) -> int:
        """Return how many requests were on more connections than are held."""
        return self._talk.refused

    def follow(self) -> None:
        """Listen on the devices that there are."""
        self._taps.follow()

    def drain(self) -> None:
        """Take what has come out of the rings."""
        started = time.thread_time()
        own, add = self._taps.own, self._talk.add
        for tap, everything_here in self._taps.rings():
            here = None if everything_here else own
            for segment in tap.segments(started + LONGEST_S):
                add(segment, here)
        if self._talk.endpoints.changed:
            self._retune()
        self.busy += time.thread_time() - started

    def wait(self, since: float) -> None:
        """Wait until what came up to a time (of the monotonic clock) is in the rings, if anything is followed."""
        if self._followed:
            time.sleep(max(0.0, since + LATEST_S - time.monotonic()))

    def lost(self) -> int:
        """Return how many packets were dropped since the last call."""
        drops = self._taps.statistics()[1]
        self._dropped += drops
        return drops

    def take(self, now: int) -> Iterator[tuple[Any, ...]]:
        """Yield what was answered, or given up, since the last call."""
        self._talk.settle(now)
        return self._talk.take(now)

    def learn_http(self, row: tuple[Any, ...]) -> None:
        """Note a server that has answered requests of HTTP, as a row of schemas.raw.Requests has it."""
        _, _, server, port, _, answered, *_ = row
        if answered:
            family = socket.AF_INET6 if ":" in server else socket.AF_INET
            self._talk.endpoints.learn((socket.inet_pton(family, server), port), HTTP)

    def spoken(self, *, everything: bool) -> Iterator[tuple[str, int, str, str]]:
        """Yield servers, their protocols and names: those that are new or changed, or all."""
        for (address, port), protocol, name in self._talk.endpoints.take(everything=everything):
            yield text(address), port, protocol, name

    def listen(self, bound: frozenset[tuple[str, int]]) -> None:
        """Take the addresses and ports of the listeners here."""
        self._bound = bound

    def keep(self, ports: frozenset[int]) -> None:
        """Forget the servers to whose ports there are no connections."""
        self._talk.endpoints.keep(ports)

    def sample(self, halvings: int) -> None:
        """Look at one in 2**halvings connections from now on."""
        self._halvings = halvings
        self._load()
        self._talk.thin(halvings)

    def missing(self) -> dict[str, str]:
        """Return what cannot be seen."""
        if self._taps.denied:
            return {WHAT: self._taps.denied}
        missing = {}
        if beyond := self._taps.beyond:
            missing[f"{WHAT}, on {beyond} devices"] = f"no more than {len(self._sizes)}"
        if self._beyond:
            missing[f"requests to {self._beyond} ports"] = f"no more than {MOST_PORTS}"
        return missing

    def counters(self) -> dict[str, int]:
        """Return what was lost."""
        return {
            "protocol_packets_dropped": self._dropped,
            "protocol_requests_dropped": self._talk.refused,
            "protocol_answers_missed": self._talk.missed,
        }

    def close(self) -> None:
        """Stop listening."""
        self._taps.close()

    def _listens(self, address: bytes, port: int) -> bool:
        there = text(address)
        return any((at, port) in self._bound for at in (there, *ANY))

    def _tap(self, device: str, index: int, ring_bytes: int) -> ProtocolTap:
        ports = self._followed, self._settled, self._brief
        hosts = self._hosts and device != LOOPBACK
        return ProtocolTap(device, index, ring_bytes, self._halvings, *ports, hosts=hosts)

    def _retune(self) -> None:
        """Follow other ports, in larger rings once there are any."""
        endpoints = self._talk.endpoints
        endpoints.changed = False
        followed, settled, brief = endpoints.ports()
        self._beyond = len(followed[MOST_PORTS:])
        before = self._followed
        self._followed, self._settled = frozenset(followed[:MOST_PORTS]), frozenset(settled[:MOST_PORTS])
        self._brief = frozenset(brief)
        if bool(before) != bool(self._followed):
            self._taps.resize(self._sizes if self._followed else [LEAST_BYTES] * len(self._sizes))
        self._load()

    def _load(self) -> None:
        for tap, _ in self._taps.rings():
            tap.filter(self._halvings, self._followed, self._settled, self._brief)

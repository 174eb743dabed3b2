"""HTTP/1 requests in one network namespace: how many of which method were answered how, and how fast.

Read off the wire: packets' first bytes, on every device of the namespace that has an address. What is asked for,
headers and bodies are never read.
"""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from collectors.closing import Flow
from collectors.entering import Enter
from collectors.http_pairs import Pairs
from collectors.http_tap import Tap
from collectors.rtnetlink import InterfaceAddress
from collectors.settings import Settings
from collectors.taps import Taps

# Bytes of each device's ring, which are resident: loopback and the first other one, then bridges and the like. 2 MiB
# hold 8,192 packets, those of 0.4 s at 10,000 requests a second.
RINGS = (2 << 20, 2 << 20, 512 << 10, 512 << 10, 512 << 10)
RINGS_ELSEWHERE = (256 << 10, 256 << 10)  # in each other namespace that is looked at so closely
WHAT = "HTTP requests"


class HttpTraffic:
    """Requests answered, and such as never will be: the server ended the connection, or the client gave up."""

    def __init__(
        self,
        settings: Settings,
        interfaces: Callable[[], list[InterfaceAddress]],
        rings: Sequence[int],
        enter: Enter,
    ) -> None:
        self._taps = Taps(self._tap, rings, interfaces, settings.is_local, enter)
        self._most_devices = len(rings)
        self._pairs = Pairs()
        self._halvings = 0
        self._dropped = 0
        self.busy = 0.0
        """CPU time that it took, s."""

    @property
    def refused(self) -> int:
        """Return how many requests were on more connections than are held."""
        return self._pairs.refused

    def follow(self) -> None:
        """Listen on the devices that there are."""
        self._taps.follow()

    def drain(self) -> None:
        """Take what has come out of the rings."""
        started = time.thread_time()
        own = self._taps.own
        for tap, everything_here in self._taps.rings():
            for segment in tap.segments():
                if everything_here or segment[0] in own or segment[1] in own:
                    self._pairs.add(segment, everything_here)
        self.busy += time.thread_time() - started

    def waiting(self) -> bool:
        """Return whether any request has no answer yet."""
        return self._pairs.waiting()

    def lost(self) -> int:
        """Return how many packets were dropped since the last call."""
        drops = self._taps.statistics()[1]
        self._dropped += drops
        if drops:
            self._pairs.doubt()
        return drops

    def take(self, now: int, closed: Collection[Flow]) -> Iterator[tuple[Any, ...]]:
        """Yield what was answered, or given up, since the last call."""
        return self._pairs.take(now, closed)

    def sample(self, halvings: int) -> None:
        """Look at one in 2**halvings connections from now on."""
        self._halvings = halvings
        for tap, _ in self._taps.rings():
            tap.filter(halvings)
        self._pairs.thin(halvings)

    def missing(self) -> dict[str, str]:
        """Return what cannot be seen."""
        if self._taps.denied:
            return {WHAT: self._taps.denied}
        beyond = self._taps.beyond
        return {f"{WHAT} on {beyond} devices": f"no more than {self._most_devices}"} if beyond else {}

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

"""A collector of one network namespace, in each of them, and reported as one collector."""

import logging
import time
from collections import Counter
from collections.abc import Callable
from functools import partial

from collectors.networks import Network, Networks
from collectors.window import Collector, Window
from schemas.raw import Batch
from schemas.topics import Topic

# In one go. A packet socket takes 20 ms to open, and dozens of containers may begin and end every second.
BEGINNING_S = 0.1
_log = logging.getLogger(__name__)


class Everywhere:
    """Has a part in every namespace, our own first. If one fails, its namespace is left until a process is noted in it
    again.
    """

    def __init__(self, topic: Topic, networks: Networks, make: Callable[[Network], Collector | None]) -> None:
        self.topic = topic
        self._networks = networks
        self._make = make
        self._parts: dict[Network, Collector] = {}
        self._ended: Counter[str] = Counter()  # of the parts that are no more
        self._failed = 0
        self._window: Window | None = None  # the last one

    def open(self, window: Window) -> None:
        """Take the baselines of the namespaces that are known by now."""
        self._follow(window)

    def drain(self) -> None:
        """Take waiting events out of the kernel's buffers: where there may be any, for there may be many namespaces.

        Those found since the last call are opened first. Most are found after `open`, by the collector of processes.
        """
        if self._window is not None:
            self._follow(self._window)
        stirred = self._networks.stirred()
        for network, part in list(self._parts.items()):
            if network.inode in stirred:
                self._guard(network, part.drain)

    def collect(self, window: Window) -> list[Batch]:
        """Return a batch of each namespace, our own first."""
        self._follow(window)
        batches: list[Batch] = []
        for network, part in list(self._parts.items()):
            self._guard(network, partial(self._collect, part, window, batches))
        return batches

    @staticmethod
    def _collect(part: Collector, window: Window, batches: list[Batch]) -> None:
        found = part.collect(window)
        batches += found if isinstance(found, list) else [found]

    def missing(self) -> dict[str, str]:
        """Return what cannot be seen in our own namespace, in how many others, and which cannot be looked at."""
        missing = self._parts[self._networks.own].missing()
        others = [part.missing() for network, part in self._parts.items() if network is not self._networks.own]
        counted = Counter(one for found in others for one in found.items() if one[0] not in missing)
        for (what, needs), count in counted.items():
            missing[f"{what} in {count} other network namespaces"] = needs
        return missing | self._networks.missing()

    def counters(self) -> dict[str, int]:
        """Return what was lost."""
        counters = Counter({"namespaces_failed": self._failed})
        counters.update(self._ended)
        for part in self._parts.values():
            counters.update(part.counters())
        return dict(counters)

    def close(self) -> None:
        """Give everything back."""
        for network in list(self._parts):
            self._end(network)
        self._networks.close()

    def _follow(self, window: Window) -> None:
        """Have a part in every namespace that there is now; where that takes long, in the rest of them next time."""
        self._window = window
        now = list(self._networks)
        for network in self._parts.keys() - set(now):
            self._end(network)
        until = time.monotonic() + BEGINNING_S
        for network in now:
            if network not in self._parts and time.monotonic() < until and (part := self._make(network)):
                self._guard(network, partial(self._begin, network, part, window))

    def _begin(self, network: Network, part: Collector, window: Window) -> None:
        try:
            part.open(window)
        except Exception:
            part.close()
            raise
        self._parts[network] = part

    def _end(self, network: Network) -> None:
        part = self._parts.pop(network)
        self._ended.update(part.counters())
        part.close()

    def _guard(self, network: Network, work: Callable[[], object]) -> None:
        try:
            work()
        except Exception:
            if network is self._networks.own:
                raise
            self._failed += 1
            _log.exception("network namespace %d cannot be looked at, the others are", network.inode)
            self._networks.drop(network.inode)

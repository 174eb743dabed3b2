"""A collector of one network namespace, in each of them, and reported as one collector."""

import logging
from collections import Counter
from collections.abc import Callable

from collectors.networks import Network, Networks
from collectors.window import Collector, Window
from schemas.raw import Batch
from schemas.topics import Topic

_log = logging.getLogger(__name__)


class Everywhere:
    """Has a part in every namespace. If a part fails, that namespace is left until a process is noted in it again."""

    def __init__(self, topic: Topic, networks: Networks, make: Callable[[Network], Collector | None]) -> None:
        self.topic = topic
        self._networks = networks
        self._make = make
        self._parts: dict[int, Collector] = {}
        self._ended: Counter[str] = Counter()

    def open(self, window: Window) -> None:
        """Take the baselines."""
        self._follow(window)

    def drain(self) -> None:
        """Take waiting events out of the kernel's buffers: where there may be any, for there may be many namespaces."""
        for inode in self._networks.stirred():
            if part := self._parts.get(inode):
                self._guard(inode, part.drain)

    def collect(self, window: Window) -> list[Batch]:
        """Return a batch of each namespace."""
        self._follow(window)
        batches: list[Batch] = []
        for inode, part in list(self._parts.items()):
            self._guard(inode, lambda part=part: batches.append(part.collect(window)))  # type: ignore[misc]
        return batches

    def missing(self) -> dict[str, str]:
        """Return what cannot be seen in our own namespace, and which others cannot be looked at."""
        return self._parts[self._networks.own.inode].missing() | self._networks.missing()

    def counters(self) -> dict[str, int]:
        """Return what was lost."""
        counters = self._ended.copy()
        for part in self._parts.values():
            counters.update(part.counters())
        return dict(counters)

    def close(self) -> None:
        """Give everything back."""
        for inode in list(self._parts):
            self._end(inode)
        self._networks.close()

    def _follow(self, window: Window) -> None:
        """Have a part in every namespace that there is now."""
        now = {network.inode: network for network in self._networks}
        for inode in self._parts.keys() - now.keys():
            self._end(inode)
        for inode in now.keys() - self._parts.keys():
            if part := self._make(now[inode]):
                self._guard(inode, lambda part=part: part.open(window))  # type: ignore[misc]
                if inode in self._networks:
                    self._parts[inode] = part

    def _end(self, inode: int) -> None:
        part = self._parts.pop(inode)
        self._ended.update(part.counters())
        part.close()

    def _guard(self, inode: int, work: Callable[[], object]) -> None:
        try:
            work()
        except Exception:
            if inode == self._networks.own.inode:
                raise
            self._ended["namespaces_failed"] += 1
            _log.exception("network namespace %d cannot be looked at, the others are", inode)
            self._networks.drop(inode)

"""Listeners: sockets that wait for peers."""

from collectors.diag import Plain
from collectors.socket_scan import SocketScan
from collectors.window import Inert, Window
from schemas.raw import ListenerBatch, Listeners
from schemas.topics import LISTENERS


class ListenerCollector(Inert):
    """Reports TCP listeners and UDP sockets without a peer."""

    topic = LISTENERS

    def __init__(self, scan: SocketScan, netns: int = 0) -> None:
        self._scan = scan
        self._netns = netns
        self._known: dict[int, Plain] = {}

    def open(self, window: Window) -> None:
        """Open the scan."""
        self._scan.open()

    def collect(self, window: Window) -> ListenerBatch:
        """Return new and changed listeners, or all on a keyframe, and those that closed."""
        now = self._scan.look(window.start).listening
        if now is self._known and not window.keyframe:
            return window.batch(ListenerBatch, netns=self._netns)
        told = now.values() if window.keyframe else (one for one in now.values() if self._known.get(one.cookie) != one)
        batch = window.batch(
            ListenerBatch,
            netns=self._netns,
            listeners=Listeners.of(_row(one) for one in told),
            gone=sorted(self._known.keys() - now.keys()),
        )
        self._known = now
        return batch


def _row(one: Plain) -> tuple[int, int, str, int, int, int]:
    address, port, _, _, uid = one.identity
    return one.cookie, one.protocol, address, port, uid, one.queued

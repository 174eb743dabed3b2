"""Listeners: sockets that wait for peers."""

from collections.abc import Iterable

from collectors.diag import Plain
from collectors.everywhere import Everywhere
from collectors.registry import Sources, Turn, register
from collectors.socket_scan import SocketScan
from collectors.window import Inert, Window
from schemas.raw import ListenerBatch, Listeners
from schemas.topics import LISTENERS

ListenerRow = tuple[int, int, str, int, int, int, int]  # in the order of schemas.raw.Listeners


class ListenerCollector(Inert):
    """Reports TCP listeners and UDP sockets without a peer."""

    topic = LISTENERS

    def __init__(self, scan: SocketScan, netns: int = 0) -> None:
        self._scan = scan
        self._netns = netns
        self._known: dict[int, Plain] = {}
        self._since: dict[int, int] = {}  # cookie -> window in which it was first seen

    def open(self, window: Window) -> None:
        """Open the scan."""
        self._scan.open()

    def collect(self, window: Window) -> ListenerBatch:
        """Return new and changed listeners, or all on a keyframe, and those that closed."""
        seen = self._scan.look(window.start)
        known, now = self._known, seen.listening
        news: Iterable[Plain] = now.values() if window.keyframe else ()
        gone: list[int] = []
        if now is not known:
            for cookie in now.keys() - known.keys():
                self._since[cookie] = window.start
            gone = sorted(known.keys() - now.keys())
            news = news or [one for one in now.values() if known.get(one.cookie) != one]
        brief = [one for one in seen.unlistened if one.cookie not in known]
        batch = window.batch(
            ListenerBatch,
            netns=self._netns,
            listeners=Listeners.of(self._row(one) for one in news),
            gone=gone,
            ended=Listeners.of(
                [*(self._row(known[cookie]) for cookie in gone), *(_row(one, window.start) for one in brief)]
            ),
        )
        for cookie in gone:
            del self._since[cookie]
        self._known = now
        return batch

    def _row(self, one: Plain) -> ListenerRow:
        return _row(one, self._since[one.cookie])


def _row(one: Plain, since: int) -> ListenerRow:
    address, port, _, _, uid = one.identity
    return one.cookie, one.protocol, address, port, uid, one.queued, since


@register(Turn.LISTENERS)
def collector(sources: Sources) -> Everywhere:
    """Return the collector of listeners."""
    return Everywhere(LISTENERS, sources.networks, lambda each: ListenerCollector(each.scan, each.inode))

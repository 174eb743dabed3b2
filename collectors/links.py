"""Which switch and port each interface of the host is connected to, as switches announce it (LLDP and CDP).

It only listens. Interfaces of hardware are listened on. A namespace without any, as of a container or a laboratory, has
cables to others in their place. On those of a host nobody is believed: any container may send what it likes there.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import islice

from collectors.capabilities import needed
from collectors.inside import CABLES
from collectors.link_ends import LinkEnds, Row
from collectors.link_socket import PROTOCOLS, LinkSocket
from collectors.networks import Network
from collectors.registry import Sources, register
from collectors.rtnetlink import InterfaceAddress, Link
from collectors.taps import GONE
from collectors.window import Inert, Window
from schemas.raw import LinkBatch, Links
from schemas.topics import LINKS

MOST = 64  # interfaces, two sockets each
PATIENCE_MS = 65_000  # of an agent that has just begun: switches announce themselves every 30 (LLDP) or 60 s (CDP)
WHAT = "switches and ports that the host is connected to"


class LinkCollector(Inert):
    """Reports who is at the other ends of the host's cables: on keyframes, and when that has changed."""

    topic = LINKS

    def __init__(self, network: Network) -> None:
        self._network = network
        self._sockets: dict[int, list[LinkSocket]] = {}  # by the index of the interface
        self._names: dict[int, str] = {}
        self._found: list[InterfaceAddress] | None = None  # the very list, while nothing has changed
        self._ends = LinkEnds()
        self._rows: list[Row] = []
        self._silent_until = 0
        self._denied = ""
        self._beyond = 0
        self._unreadable = 0
        self._dropped = 0

    def open(self, window: Window) -> None:
        """Begin to listen."""
        self._silent_until = window.start + PATIENCE_MS
        self._follow()

    def collect(self, window: Window) -> LinkBatch:
        """Return all neighbours on a keyframe and when one has changed, as a keyframe of this topic; else none.

        That nobody is there is reported once somebody would have announced itself.
        """
        self._follow()
        for index, some in self._sockets.items():
            for one in some:
                self._take(self._names[index], one, window.end)
        rows = self._ends.rows(window.end)
        unsure = not rows and (bool(self._denied) or window.end < self._silent_until)
        if unsure or not (window.keyframe or rows != self._rows):
            return replace(window, keyframe=False).batch(LinkBatch)
        self._rows = rows
        return replace(window, keyframe=True).batch(LinkBatch, links=Links.of(rows))

    def missing(self) -> dict[str, str]:
        """Return what cannot be seen."""
        if self._denied:
            return {WHAT: self._denied}
        return {f"{WHAT}, by {self._beyond} interfaces": f"no more than {MOST}"} if self._beyond else {}

    def counters(self) -> dict[str, int]:
        """Return the frames that are no announcements, and the announcements that were lost."""
        lost = sum(one.dropped for some in self._sockets.values() for one in some)
        return {
            "announcements_unreadable": self._unreadable,
            "announcements_dropped": self._dropped + lost + self._ends.left_out,
        }

    def close(self) -> None:
        """Stop listening."""
        for index in list(self._sockets):
            self._leave(index)
        self._found = None

    def _take(self, interface: str, one: LinkSocket, now: int) -> None:
        for frame in one.frames():
            announced = one.spoken.parse(frame)
            if announced is None:
                self._unreadable += 1
            else:
                self._ends.take(interface, one.spoken.name, announced, now)

    def _follow(self) -> None:
        """Listen on the interfaces there are."""
        found = self._network.watch.read()
        if self._denied or found is self._found:
            return
        self._found = found
        names = {link.interface: link.name for link in outward(self._network.watch.links)}
        self._beyond = max(len(names) - MOST, 0)
        self._names = dict(islice(sorted(names.items()), MOST))
        for index in self._sockets.keys() - self._names.keys():
            self._leave(index)
        self._ends.keep(set(self._names.values()))
        for index in self._names.keys() - self._sockets.keys():
            self._join(index)

    def _join(self, index: int) -> None:
        joined: list[LinkSocket] = []
        try:
            for spoken in PROTOCOLS:
                joined.append(self._network.enter(partial(LinkSocket, index, spoken)))
        except OSError as error:
            for one in joined:
                one.close()
            if error.errno not in GONE:
                refused = isinstance(error, PermissionError)
                self._denied = needed("CAP_NET_RAW") if refused else f"packet sockets ({error})"
        else:
            self._sockets[index] = joined

    def _leave(self, index: int) -> None:
        for one in self._sockets.pop(index):
            self._dropped += one.dropped
            one.close()


def outward(links: Mapping[int, Link]) -> Iterator[Link]:
    """Yield the interfaces by which others are reached: those of hardware, or else cables to other namespaces."""
    there = [link for link in links.values() if not link.loopback]
    hardware = [link for link in there if not link.kind]
    yield from hardware or [link for link in there if link.kind in CABLES and link.elsewhere]


@register()
def collector(sources: Sources) -> LinkCollector | None:
    """Return the collector of links."""
    return LinkCollector(sources.networks.own) if sources.settings.links else None

"""The cable of a connection: the hardware addresses of both its ends, as both their hosts know them."""

import re

from schemas.raw import Heartbeat

_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){3,31}")


class Cables:
    """What a host knows of its neighbours. A keyframe replaces it."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, str], str] = {}  # by the namespace and the address of the other end

    def take(self, heartbeat: Heartbeat) -> None:
        """Take the neighbours of a window."""
        if heartbeat.keyframe:
            self._known = {}
        for address, netns, *macs in heartbeat.neighbours.rows():
            if all(map(_MAC.fullmatch, macs)):
                cable = "-".join(sorted(mac.replace(":", "") for mac in macs))
                self._known[netns or heartbeat.netns, address] = cable
            else:
                self._known.pop((netns or heartbeat.netns, address), None)

    def of(self, netns: int, address: str) -> str:
        """Return the cable to an address; empty if it is not known, or a router is between."""
        return self._known.get((netns, address), "")

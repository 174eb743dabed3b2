"""The bridges of this host that its network namespaces hang on, by what the kernel reports about links.

Two bridges may have the same addresses. So an address behind one means something there alone, and is scoped by it. In
another namespace, which any user may make, an interface that leads nowhere means something in that namespace alone.
"""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from collectors.inside import CABLES, inside, leads_nowhere
from collectors.rtnetlink import Link

PRIVATE = "netns-"  # begins the label of a namespace
_TAKEN = re.compile(r"\d+$|bridge-\d|" + PRIVATE)
Links = Mapping[int, Link]  # by the index of the interface
LeadsTo = Callable[[int, Link, int], bool]  # a namespace, an interface of it, another namespace


class Segment(NamedTuple):
    """A bridge: its network namespace, 0 for our own, the index of the bridge and its name."""

    netns: int
    bridge: int
    name: str

    @property
    def label(self) -> str:
        """Return the bridge's name as part of a scope; never a number, as namespaces have, nor another's label."""
        name = re.sub(r"[^A-Za-z0-9._-]", "_", self.name)
        return f"bridge-{self.netns}-{name}" if self.netns else f"bridge-{name}" if _TAKEN.match(name) else name


def _nobody_knows(*_: object) -> bool:
    return False


def segments(
    networks: Mapping[int, Links], is_local: Callable[[str], bool], leads_to: LeadsTo = _nobody_knows
) -> dict[tuple[int, int], str]:
    """Return (namespace, interface) -> the bridge that it hangs on, if nothing but this host is behind it, else the
    namespace, if the interface leads nowhere and the namespace is not our own.

    `leads_to` returns whether an interface of a namespace leads to another namespace, and is asked only in doubt.
    """
    within = {netns: inside(links) for netns, links in networks.items()}
    found: dict[tuple[int, int], str] = {}
    for netns, links in networks.items():
        for link in links.values():
            bridge = _bridge(netns, link, networks, leads_to)
            if bridge is not None:
                if bridge.bridge in within[bridge.netns] or is_local(bridge.name):
                    found[netns, link.interface] = bridge.label
            elif netns and leads_nowhere(link, links):
                found[netns, link.interface] = f"{PRIVATE}{netns}"
    return found


def _bridge(netns: int, link: Link, networks: Mapping[int, Links], leads_to: LeadsTo) -> Segment | None:
    for where, one in ((netns, link), *_far(link, netns, networks, leads_to)):
        bridge = one if one.kind == "bridge" else networks[where].get(one.master)
        if bridge is not None and bridge.kind == "bridge":
            return Segment(where, bridge.interface, bridge.name)
    return None


def _far(link: Link, netns: int, networks: Mapping[int, Links], leads_to: LeadsTo) -> list[tuple[int, Link]]:
    """Return the other end of a cable to another namespace; nothing if several may be it.

    The kernel names it by its index and a number of its namespace. Indices are the same in many, and the numbers are
    other ones in each.
    """
    if link.kind not in CABLES or not link.elsewhere:
        return []
    found = [
        (where, other)
        for where, links in networks.items()
        if where != netns and (other := links.get(link.peer)) and _is_end(other, link.interface)
    ]
    if len(found) > 1:
        found = [one for one in found if leads_to(netns, link, one[0])]
    return found if len(found) == 1 else []


def _is_end(other: Link, peer: int) -> bool:
    return other.kind in CABLES and other.elsewhere and other.peer == peer

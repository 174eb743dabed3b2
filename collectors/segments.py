"""The bridges of this host that its network namespaces hang on, by what the kernel reports about links.

Two bridges may have the same addresses. So an address behind one means something there alone, and is scoped by it.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from collectors.inside import CABLES, inside
from collectors.rtnetlink import Link

Links = Mapping[int, Link]  # by the index of the interface


class Segment(NamedTuple):
    """A bridge: its network namespace, 0 for our own, the index of the bridge and its name."""

    netns: int
    bridge: int
    name: str

    @property
    def label(self) -> str:
        """Return the bridge's name as part of a scope; never a number, as namespaces have."""
        name = re.sub(r"[^A-Za-z0-9._-]", "_", self.name)
        return f"bridge-{self.netns}-{name}" if self.netns else f"bridge-{name}" if name.isdigit() else name


def segments(networks: Mapping[int, Links], is_local: Callable[[str], bool]) -> dict[tuple[int, int], str]:
    """Return (namespace, interface) -> the bridge that it hangs on, if nothing but this host is behind it."""
    within = {netns: inside(links) for netns, links in networks.items()}
    return {
        (netns, link.interface): found.label
        for netns, links in networks.items()
        for link in links.values()
        if (found := _bridge(netns, link, networks)) and (found.bridge in within[found.netns] or is_local(found.name))
    }


def _bridge(netns: int, link: Link, networks: Mapping[int, Links]) -> Segment | None:
    for where, one in ((netns, link), *_far(link, netns, networks)):
        bridge = one if one.kind == "bridge" else networks[where].get(one.master)
        if bridge is not None and bridge.kind == "bridge":
            return Segment(where, bridge.interface, bridge.name)
    return None


def _far(link: Link, netns: int, networks: Mapping[int, Links]) -> Iterator[tuple[int, Link]]:
    """Yield the other end of a cable to another namespace; our own is looked at first, for most lead there."""
    if link.kind not in CABLES or not link.elsewhere:
        return
    for where in sorted(networks.keys() - {netns}):
        other = networks[where].get(link.peer)
        if other is not None and other.kind in CABLES and other.elsewhere and other.peer == link.interface:
            yield where, other
            return

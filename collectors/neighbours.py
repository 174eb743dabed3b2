"""Who is on the links of this host, by what the kernel's neighbour tables have (arp(7), RFC 4861).

Two networks may have the same addresses, each on a cable of its own. The hardware addresses of both ends of a cable
tell them apart, and both hosts know them. Only addresses are reported that other hosts may have as well.
"""

from collections.abc import Iterator
from functools import lru_cache
from ipaddress import ip_address

from collectors import rtnetlink
from collectors.inside import inside, is_unique
from collectors.networks import Network, Networks

MOST = 512  # that are reported, 60 bytes each
ADDRESSES = 1 << 14  # that are parsed once; a table has a thousand unless the host allows more (gc_thresh3)
Row = tuple[str, int, str, str]  # in the order of schemas.raw.Neighbours


class Neighbours:
    """Reads the table of our own namespace every time, and those of others on keyframes: each takes 100 us."""

    def __init__(self, networks: Networks) -> None:
        self._networks = networks
        self._reported: set[Row] = set()

    def read(self, *, whole: bool) -> list[Row]:
        """Return all neighbours if asked for the whole, else those that are new in our own namespace."""
        if whole:
            self._reported = set()
        if len(self._reported) >= MOST:
            return []
        networks = list(self._networks) if whole else [self._networks.own]
        found = sorted({row for network in networks for row in self._of(network)} - self._reported)
        chosen = found[: MOST - len(self._reported)]
        self._reported.update(chosen)
        return chosen

    def _of(self, network: Network) -> Iterator[Row]:
        """Yield the neighbours of a namespace. An address that is on several links has no hardware address."""
        try:
            found = network.enter(rtnetlink.neighbours)
        except OSError:  # it is not known then who is there
            return
        links = network.watch.links
        within = inside(links)
        by_address: dict[str, set[tuple[str, str]]] = {}
        for one in found:
            link = links.get(one.interface)
            if link is not None and link.mac and one.interface not in within and _may_be_anothers(one.address):
                by_address.setdefault(one.address, set()).add((one.mac, link.mac))
        netns = 0 if network is self._networks.own else network.inode
        for address, pairs in by_address.items():
            yield address, netns, *(pairs.pop() if len(pairs) == 1 else ("", ""))


@lru_cache(ADDRESSES)
def _may_be_anothers(address: str) -> bool:
    parsed = ip_address(address)
    return not (is_unique(address) or parsed.is_link_local or parsed.is_loopback or parsed.is_multicast)

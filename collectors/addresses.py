"""The addresses of all network namespaces that are looked at, each with the bridge that it is behind."""

from collections.abc import Callable, Iterator

from collectors.networks import Networks
from collectors.rtnetlink import UNNUMBERED, InterfaceAddress, Link, number_of
from collectors.segments import segments


class Addresses:
    """Reads them anew only where the kernel has reported a change."""

    def __init__(self, networks: Networks, is_local: Callable[[str], bool]) -> None:
        self._networks = networks
        self._is_local = is_local
        self._read: list[tuple[int, list[InterfaceAddress]]] = []
        self._found: list[InterfaceAddress] = []

    def read(self) -> list[InterfaceAddress]:
        """Return every address, sorted: the very list of the last time when nothing has changed."""
        read = list(self._each())
        same = len(read) == len(self._read) and all(
            netns == before and some is held for (netns, some), (before, held) in zip(read, self._read, strict=True)
        )
        if not same:
            self._read = read
            links = {self._number(network.inode): network.watch.links for network in self._networks}
            on = segments(links, self._is_local, self._leads_to)
            held = ((netns, one) for netns, some in read for one in some)
            self._found = sorted(
                one._replace(netns=netns, segment=on.get((netns, one.interface), "")) for netns, one in held
            )
        return self._found

    def _each(self) -> Iterator[tuple[int, list[InterfaceAddress]]]:
        for network in self._networks:
            try:
                yield self._number(network.inode), network.watch.read()
            except OSError:
                if network is self._networks.own:
                    raise
                self._networks.drop(network.inode)

    def _leads_to(self, netns: int, link: Link, other: int) -> bool:
        """Ask the kernel whether an interface leads to another namespace."""
        enters = {self._number(network.inode): network.enter for network in self._networks}
        try:
            with enters[other].lend() as descriptor:
                number = enters[netns](lambda: number_of(descriptor))
        except (KeyError, OSError):  # given back meanwhile
            return False
        return link.number == number != UNNUMBERED

    def _number(self, inode: int) -> int:
        return 0 if inode == self._networks.own.inode else inode

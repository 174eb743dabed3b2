"""Rings on the devices of a network namespace that have an address beyond their link, followed as they come and go."""

import errno
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from ipaddress import ip_address
from typing import Generic, TypeVar

from collectors.capabilities import needed
from collectors.entering import STAY, Enter
from collectors.packet_ring import DeviceSocket
from collectors.rtnetlink import InterfaceAddress
from schemas.text import to_text

LOOPBACK = "lo"
GONE = (errno.ENODEV, errno.ENXIO)
Ring = TypeVar("Ring", bound=DeviceSocket)


class Taps(Generic[Ring]):
    """As many devices as there are ring sizes: loopback and those that mean something elsewhere go first."""

    def __init__(
        self,
        make: Callable[[str, int, int], Ring],
        sizes: Sequence[int],
        interfaces: Callable[[], list[InterfaceAddress]],
        is_local: Callable[[str], bool],
        enter: Enter = STAY,
    ) -> None:
        self._make = make
        self._enter = enter
        self._sizes = sizes
        self._interfaces = interfaces
        self._is_local = is_local
        self._rings: dict[str, Ring] = {}
        self._found: list[InterfaceAddress] | None = None
        self._all_tapped = False
        self.own: set[bytes] = set()
        """The addresses of the network namespace."""
        self.denied = ""
        """What it would need to listen; empty while it may."""
        self.beyond = 0
        """Devices that are not looked at."""

    def follow(self) -> None:
        """Listen on the devices there are."""
        if self.denied:
            return
        found = self._interfaces()
        if found is self._found and self._all_tapped:
            return
        self._found = found
        self.own = {_packed(one.address) for one in found}
        within = {one.name for one in found if one.inside or self._is_local(one.name)}
        # A port of a bridge has an address of its link alone, and what passes it is seen on the bridge.
        ends = {one.name for one in found if not ip_address(one.address).is_link_local}
        names = sorted(ends, key=lambda name: (name != LOOPBACK, name in within, name))
        self.beyond = len(names[len(self._sizes) :])
        self._enter(partial(self._tap, names[: len(self._sizes)]))

    def _tap(self, names: Sequence[str]) -> None:
        indexes = {name: index for index, raw in socket.if_nameindex() if (name := to_text(os.fsencode(raw))) in names}
        for name in [name for name, ring in self._rings.items() if indexes.get(name) != ring.index]:
            self._rings.pop(name).close()
        for name in sorted(indexes.keys() - self._rings.keys()):
            try:
                self._rings[name] = self._make(name, indexes[name], self._sizes[names.index(name)])
            except PermissionError:
                self.denied = needed("CAP_NET_RAW")
            except OSError as error:
                if error.errno not in GONE:
                    self.denied = f"packet sockets ({error})"
        self._all_tapped = self._rings.keys() >= set(names)

    def resize(self, sizes: Sequence[int]) -> None:
        """Listen with rings of other sizes, as many as before. What is in the rings is lost."""
        self.close()
        self._sizes = sizes
        self.follow()

    def rings(self) -> Iterator[tuple[Ring, bool]]:
        """Yield every ring, and whether both ends of what it shows are here."""
        for name, ring in self._rings.items():
            yield ring, name == LOOPBACK

    def statistics(self) -> tuple[int, int]:
        """Return how many packets passed, and how many of them found a ring full, since the last call."""
        counted = [ring.statistics() for ring in self._rings.values()]
        return sum(packets for packets, _ in counted), sum(dropped for _, dropped in counted)

    def close(self) -> None:
        """Stop listening."""
        while self._rings:
            self._rings.popitem()[1].close()
        self._found, self._all_tapped = None, False


def _packed(address: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)

"""The scope in which an address is unique: everywhere (""), a host, a bridge of it, or a network namespace of it."""

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NamedTuple

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
MOST_KNOWN = 2_048  # scopes of addresses that are remembered of a host, 150 bytes each


class Place(NamedTuple):
    """An address of a namespace (an inode), and the subnet that it is in. A `local` one means nothing off the host.

    `segment` is the bridge that it is behind, or the namespace that it never leaves, if that is known.
    """

    netns: int
    address: str
    prefix: int
    local: bool
    segment: str

    @property
    def network(self) -> Network | None:
        """Return its subnet; None for what is no address."""
        try:
            return ip_network(f"{self.address}/{self.prefix}", strict=False)
        except ValueError:
            return None

    def takes(self, family: str) -> bool:
        """Return whether a listener on any address, 0.0.0.0 or ::, is reached by this one from elsewhere."""
        return (
            self.network is not None and not is_loopback(self.address) and (family == "::" or ":" not in self.address)
        )


def is_loopback(address: str) -> bool:
    """Return whether an address leads back into its own network namespace."""
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


class Scopes:
    """Where the addresses that a host sees mean something, by the subnets of its namespaces."""

    def __init__(self, host: str, places: Iterable[Place] = (), own: int = 0) -> None:
        self.host = host
        self._near: dict[int, dict[Network, str]] = {}  # of each namespace: its subnets, and their scopes
        # Those of our own namespace that mean nothing off the host. What others have, their users may have made up.
        self._far: dict[Network, str] = {}
        self._known: dict[tuple[str, int], str] = {}
        for place in sorted(places):
            network = place.network
            if network is None:
                continue
            of_bridge = f"{host}/{place.segment}" if place.segment else host
            scope = of_bridge if place.local else ""
            # Of several bridges with one subnet it is not known which one is meant.
            far = [self._far] if place.local and place.netns == own else []
            for scopes in (self._near.setdefault(place.netns, {}), *far):
                scopes[network] = scope if scopes.get(network, scope) == scope else host

    def of(self, address: str, netns: int) -> str:
        """Return the scope of an address that a namespace sees."""
        known = self._known.get((address, netns))
        if known is None:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            known = self._known[address, netns] = self._find(address, netns)
        return known

    def _find(self, address: str, netns: int) -> str:
        """Return the same, not from memory: the closest subnet of the namespace itself, else of our own."""
        try:
            parsed = ip_address(address.partition("%")[0])
        except ValueError:
            return self.host
        if parsed.is_loopback:
            return f"{self.host}/{netns}"
        if parsed.is_link_local:
            return self.host
        near = _closest(parsed, self._near.get(netns, {}))
        return (_closest(parsed, self._far) or "") if near is None else near


def _closest(address: Address, scopes: Mapping[Network, str]) -> str | None:
    """Return the scope of the smallest network that has an address."""
    among = [network for network in scopes if address in network]
    return scopes[max(among, key=lambda network: network.prefixlen)] if among else None

"""Where an address means something: everywhere (""), on its host, or in one network namespace of it."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network


def local_networks(addresses: Iterable[tuple[str, int]]) -> tuple[Network, ...]:
    """Return the subnets of host-local interfaces; an address that is none is passed over."""
    networks = set()
    for address, prefix in addresses:
        try:
            networks.add(ip_network(f"{address.partition('%')[0]}/{prefix}", strict=False))
        except ValueError:
            continue
    return tuple(sorted(networks, key=str))


@lru_cache(maxsize=20_000)
def scope(address: str, host_id: str, netns: int, networks: tuple[Network, ...]) -> str:
    """Return an address's scope: loopback is the namespace's own, link-local and bridge subnets the host's."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return host_id
    if parsed.is_loopback:
        return f"{host_id}/{netns}"
    if parsed.is_link_local or any(parsed in network for network in networks):
        return host_id
    return ""

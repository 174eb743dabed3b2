"""The scope in which an address is unique: everywhere (""), its host, or one network namespace of the host."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network


def local_networks(addresses: Iterable[tuple[str, int]]) -> tuple[Network, ...]:
    """Return the subnets of host-local interfaces; skip what is no address."""
    networks = set()
    for address, prefix in addresses:
        try:
            networks.add(ip_network(f"{address.partition('%')[0]}/{prefix}", strict=False))
        except ValueError:
            continue
    return tuple(sorted(networks, key=str))


@lru_cache(maxsize=20_000)
def scope(address: str, host_id: str, netns: int, networks: tuple[Network, ...]) -> str:
    """Return the scope of an address: the namespace for loopback, the host for link-local and bridge subnets."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return host_id
    if parsed.is_loopback:
        return f"{host_id}/{netns}"
    if parsed.is_link_local or any(parsed in network for network in networks):
        return host_id
    return ""

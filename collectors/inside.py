"""Interfaces behind which there is nothing but this host, by what the kernel reports about links.

Loopback is one. A bridge is another while none of its ports leads off the host: cables to namespaces and taps of
machines do not, whatever the bridge's name is. Others have such names at most (`local_interfaces`).
"""

from collections.abc import Mapping
from ipaddress import ip_address

from collectors.rtnetlink import Link

CABLES = frozenset({"veth", "netkit"})  # to another namespace, or to another interface of this one
BLIND = frozenset({"tun", "dummy", "ifb"})  # to a program, or to nothing


def inside(links: Mapping[int, Link]) -> set[int]:
    """Return the interfaces, by index, of which no link leads off this host."""
    ports: dict[int, list[Link]] = {}
    for link in links.values():
        if link.master:
            ports.setdefault(link.master, []).append(link)
    bridges = {index for index, link in links.items() if link.kind == "bridge"}
    out = {index for index in bridges if any(_leads_out(port) for port in ports.get(index, ()))}
    ways = {index: {_bridge(port, links) for port in ports.get(index, ())} - {0} for index in bridges}
    while more := {index for index in bridges - out if ways[index] & out or ways[index] - bridges}:
        out |= more
    return {index for index, link in links.items() if link.loopback} | bridges - out


def leads_nowhere(link: Link, links: Mapping[int, Link]) -> bool:
    """Return whether an interface leads to a program of its namespace or to nothing, or is made of one that does."""
    passed: set[int] = set()
    while not (link.loopback or link.kind in BLIND):
        passed.add(link.interface)
        lower = links.get(link.peer)
        if lower is None or link.elsewhere or link.kind in CABLES or lower.interface in passed:
            return False
        link = lower
    return True


def is_unique(address: str) -> bool:
    """Return whether an address is one of the internet, which means the same everywhere."""
    return ip_address(address.partition("%")[0]).is_global


def _leads_out(port: Link) -> bool:
    return port.kind not in CABLES | BLIND


def _bridge(port: Link, links: Mapping[int, Link]) -> int:
    """Return where the other end of a cable is plugged in, in this namespace; 0 when it is in none."""
    other = links.get(port.peer) if port.kind in CABLES and not port.elsewhere else None
    return other.master if other is not None else 0

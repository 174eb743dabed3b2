"""Places: the addresses of a host and its listeners, with the holders that are certain.

They are emitted in the first window of every minute and of every run, and when an address, a listener or its holder is
new. So the places of a minute are known with its first window.

A listener has a row for each address by which it is reached, in the scope of that address. One that is bound to any
address has a row for each address of its namespace. So a look-up by scope and address finds only listeners of the
namespace that has the address: none of the host's own at a container's address, and none behind another bridge. Where
several listeners take one address, the row is that of the closest one, which the kernel prefers.
"""

from collections.abc import Collection, Iterator
from ipaddress import ip_address
from itertools import groupby, islice

from schemas.graph import PlaceBatch, Places
from schemas.raw import Batch
from schemas.times import HOUR_MS
from streams.assembly import Window
from streams.connection import Identity, contained, nobody
from streams.host import TRANSPORTS, Host
from streams.listening import ANY
from streams.minutes import begins_minute, bit_of, hour_of, minute_of
from streams.process import Process
from streams.scope import is_loopback

MOST = 4_000  # the most rows of listeners in a window, those with the lowest ports: servers have low ports

_Place = tuple[str, int, str, str, Identity]  # transport, port, scope, address, who
_At = tuple[str, str]  # scope and address
_Reach = dict[tuple[int, str], list[_At]]  # by namespace and any address of a family, 0.0.0.0 or ::


def places(host: Host, header: Batch, window: Window) -> PlaceBatch:
    """Return the rows of a window, each for its hour and for the next one."""
    whole = begins_minute(header)
    listeners = islice(_listeners(host, header, window, whole=whole), MOST)
    found = [*_addresses(host, window, whole=whole), *listeners]
    minute = minute_of(header.window)
    hour, bit = hour_of(minute), bit_of(minute)
    return PlaceBatch(
        places=Places.of(
            (
                at,
                host.name,
                transport,
                port,
                scope,
                address,
                *(who.node, who.service, who.name, who.container, who.tied, who.started),
                *(who.namespace, who.pod, who.container_name),
                *(minute, now, before),
            )
            for at, now, before in ((hour, bit, 0), (hour + HOUR_MS, 0, bit))
            for transport, port, scope, address, who in found
        )
    )


def _addresses(host: Host, window: Window, *, whole: bool) -> Iterator[_Place]:
    """Yield the addresses, each with the container or pod that all processes of its namespace are in.

    A reader that does not know the processes yet leaves these out: another one names their containers.
    """
    if not (whole or (window.heartbeat is not None and len(window.heartbeat.interfaces))):
        return
    lacking = "processes" in window.lacks()
    within = {} if lacking else _containers(host)
    for scope, address, netns in sorted(
        {(host.scope(one.address, one.netns), one.address, one.netns) for one in host.at}
    ):
        if netns == host.netns or lacking or "processes" in host.restated:
            yield "", 0, scope, address, within.get(netns, nobody(host.name))


def _containers(host: Host) -> dict[int, Identity]:
    """Return the container or pod of each network namespace but the host's own."""
    members: dict[int, list[Process]] = {}
    for process in host.running:
        netns = process.facts["netns"]
        if netns not in (0, host.netns):
            members.setdefault(netns, []).append(process)
    return {netns: contained(host.name, among) for netns, among in members.items()}


def _listeners(host: Host, header: Batch, window: Window, *, whole: bool) -> Iterator[_Place]:
    """Yield the listeners, once all evidence is known. With less, two readers might name different processes."""
    if "listeners" in window.lacks() or not host.whole:
        return
    touched = {cookie for batch in window.batches("listeners") for cookie in batch.listeners.cookie}
    touched |= {cookie for batch in window.batches("owners") for cookie in (*batch.owners.cookie, *batch.gone.cookie)}
    moved = window.heartbeat is not None and len(window.heartbeat.interfaces) > 0
    bound = host.listening.lasting(None if whole or moved else touched)
    reach = _reach(host) if bound else {}
    for port, keys in groupby(bound, key=lambda key: key[0]):
        addresses = {address for _, address in keys}
        holders = {address: host.listens(bound[port, address], port, header.window) for address in addresses}
        transport = TRANSPORTS.get(port.transport, str(port.transport))
        for (scope, there), address in sorted(_reached(host, port.netns, addresses, reach).items()):
            who = holders[address]
            if who is not None:
                yield transport, port.number, scope, there, who


def _reach(host: Host) -> _Reach:
    """Return the addresses by which listeners on any address are reached from elsewhere.

    Those of a link are left out: every cable to a container has one on the host, and they are hardly ever used.
    """
    reach: _Reach = {}
    for one in host.at:
        for family in ANY:
            if one.takes(family) and not ip_address(one.address).is_link_local:
                reach.setdefault((one.netns, family), []).append((host.scope(one.address, one.netns), one.address))
    return reach


def _reached(host: Host, netns: int, addresses: Collection[str], reach: _Reach) -> dict[_At, str]:
    """Return where the listeners on a port of a namespace are reached, each place with the address of the closest one.

    Within their namespace they are reached by loopback, and the scope of that is the namespace. It has many addresses,
    so the rows there have the addresses that the listeners are bound to.
    """
    reached: dict[_At, str] = {}
    for address in sorted(addresses, key=lambda each: (each not in ANY, each != "::")):  # the closest one last
        if address in ANY or is_loopback(address):
            reached[f"{host.name}/{netns}", address] = address
        if address in ANY:
            reached |= dict.fromkeys(reach.get((netns, address), ()), address)
        elif not is_loopback(address):
            reached[host.scope(address, netns), address] = address
    return reached

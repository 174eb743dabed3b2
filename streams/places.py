"""Places: the addresses of a host and its listeners, with the holders that are certain.

They are emitted in the first window of every minute and of every run, and when an address, a listener or its holder is
new. So the places of a minute are known with its first window.
"""

from collections.abc import Iterator

from schemas.graph import PlaceBatch, Places
from schemas.raw import Batch
from schemas.topics import HOUR_MS
from streams.assembly import Window
from streams.connection import Identity, nobody
from streams.host import TRANSPORTS, Host
from streams.listening import ANY, Port
from streams.scope import is_loopback

MINUTE_MS = 60_000
MOST = 4_000  # the most listeners of a window, those with the lowest ports: servers have low ports

_Place = tuple[str, int, str, str, Identity]  # transport, port, scope, address, who


def places(host: Host, header: Batch, window: Window) -> PlaceBatch:
    """Return the rows of a window, each for its hour and for the next one."""
    whole = header.seq == 0 or header.window % MINUTE_MS < header.width
    found = [*_addresses(host, window, whole=whole), *_listeners(host, header, window, whole=whole)]
    minute = header.window // MINUTE_MS * MINUTE_MS
    hour = minute // HOUR_MS * HOUR_MS
    bit = 1 << (59 - (minute - hour) // MINUTE_MS)
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
    if whole or (window.heartbeat is not None and len(window.heartbeat.interfaces)):
        for scope, address in sorted({(host.scope(one.address, one.netns), one.address) for one in host.at}):
            yield "", 0, scope, address, nobody(host.name)


def _listeners(host: Host, header: Batch, window: Window, *, whole: bool) -> Iterator[_Place]:
    """Yield the listeners, once all evidence is known. With less, two readers might name different processes."""
    if "listeners" in window.lacks() or not host.whole:
        return
    touched = {cookie for batch in window.batches("listeners") for cookie in batch.listeners.cookie}
    touched |= {cookie for batch in window.batches("owners") for cookie in (*batch.owners.cookie, *batch.gone.cookie)}
    bound: list[tuple[tuple[Port, str], list[int]]] = list(host.listening.lasting(None if whole else touched).items())
    for (port, address), listeners in bound[:MOST]:
        who = host.listens(listeners, port, header.window)
        if who is not None:
            transport = TRANSPORTS.get(port.transport, str(port.transport))
            for scope, there in sorted(_reached(host, port.netns, address)):
                yield transport, port.number, scope, there, who


def _reached(host: Host, netns: int, address: str) -> Iterator[tuple[str, str]]:
    """Yield scope and address for each place where a listener is reached, which is bound to an address.

    Within its namespace it is reached by loopback, and the scope of that is the namespace. From elsewhere it is reached
    by an address of its namespace. Those of the agent's own stay one row: they are what is left of the host's.
    """
    if address in ANY or is_loopback(address):
        yield f"{host.name}/{netns}", address
    if address in ANY and netns != host.netns:
        yield from (("", one.address) for one in host.at if one.netns == netns and one.takes(address))
    elif not is_loopback(address):
        yield "", address

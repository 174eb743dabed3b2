"""Which addresses are this host's, and so which end of a translated connection is, and how it looks outside."""

from collections.abc import Container, Iterable, Iterator
from ipaddress import ip_address, ip_interface

from collectors.closing import Flow
from collectors.conntrack import Translated
from collectors.rtnetlink import InterfaceAddress

Tracked = tuple[int, Flow]  # protocol, and addresses and ports as the socket has them


class Ours:
    """The addresses of this host: those that it has, and all behind a bridge that nothing but this host is behind.

    A namespace may be on such a bridge, and connect, before it has been found.
    """

    def __init__(self, known: Iterable[InterfaceAddress]) -> None:
        held = list(known)
        self._addresses = {one.address for one in held}
        self._behind = {ip_interface(f"{one.address}/{one.prefix}").network for one in held if one.inside}

    def __contains__(self, address: object) -> bool:
        if not isinstance(address, str) or address in self._addresses:
            return address in self._addresses
        parsed = ip_address(address)
        return any(parsed in subnet for subnet in self._behind)


def outside(one: Translated, own: Container[str]) -> Iterator[tuple[Tracked, Flow | None]]:
    """Yield the flow that a socket of ours has, and how it looks outside.

    The server of a client of ours sees what is outside, wherever it is.
    """
    asked, answered = one
    server = answered.protocol, Flow(*answered[1:])
    if asked.source in own:
        yield (asked.protocol, Flow(*asked[1:])), Flow(*answered.reversed()[1:])
        yield server, None
    elif answered.source in own:
        yield server, Flow(*asked.reversed()[1:])


def is_loopback(tracked: Tracked) -> bool:
    """Return whether a connection is one over loopback."""
    _, flow = tracked
    return flow.local_address.startswith("127.") or flow.local_address == "::1"

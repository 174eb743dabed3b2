"""Which addresses are this host's, and so which end of a translated connection is, and how it looks outside."""

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from ipaddress import ip_address, ip_interface

from collectors.closing import Flow
from collectors.conntrack import Translated
from collectors.rtnetlink import InterfaceAddress

Tracked = tuple[int, Flow]  # protocol, and addresses and ports as the socket has them
Server = tuple[int, str, int]  # protocol, address and port


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


def server(protocol: int, flow: Flow) -> Server:
    """Return the other end of a client's flow."""
    return protocol, flow.remote_address, flow.remote_port


def servers(found: Mapping[Tracked, Flow | None]) -> defaultdict[Server, set[Server]]:
    """Return the servers behind each that is asked for."""
    behind: defaultdict[Server, set[Server]] = defaultdict(set)
    for (protocol, flow), there in found.items():
        if there is not None:
            behind[server(protocol, flow)].add(server(protocol, there))
    return behind


def is_loopback(tracked: Tracked) -> bool:
    """Return whether a connection is one over loopback."""
    _, flow = tracked
    return flow.local_address.startswith("127.") or flow.local_address == "::1"

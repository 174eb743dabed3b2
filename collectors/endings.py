"""Which connections the sockets had that closed in a window, also where the kernel had cleared them by then.

A socket that resets its connection, or whose connect() fails while it waits, is cleared before it is gone: what is left
is its port, the peer's address, and its own address if it was bound to one (net/ipv4/tcp.c, tcp_disconnect). What it
was is known from the scan that saw it, else from the wire, else from the socket at the other end, if that is here.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from collectors.closing import Flow, flow_of, peer_of
from collectors.destroyed import Closed
from collectors.diag import Identity
from collectors.socket_scan import ANY
from collectors.talks import Side
from collectors.tracked import Tracked
from collectors.wire import Wire


class Ending(NamedTuple):
    """A socket that is gone."""

    closed: Closed
    identity: Identity
    side: Side | None  # its end of the connection that the wire has shown
    cleared: bool  # its counters are gone too


def endings(closed: Iterable[Closed], known: Mapping[int, Tracked], wire: Wire) -> tuple[list[Ending], int]:
    """Return the sockets that had a connection, and how many had one that is not known."""
    found: list[Ending] = []
    nameless: list[Closed] = []
    for one in closed:
        tracked = known.get(one.final.row.cookie)
        cleared = not one.identity.remote_port
        if tracked is not None and (cleared or one.final.row.ports != tracked.row.ports):
            found.append(Ending(one, tracked.identity, wire.close(tracked.identity), cleared=True))
        elif not cleared:
            found.append(Ending(one, one.identity, wire.close(one.identity), cleared=False))
        elif one.identity.remote_address not in ANY:  # else it listened, or never had a peer
            nameless.append(one)
    unknown = 0
    peers: _Peers | None = None
    for one in nameless:
        seen = wire.find(one.identity, established=one.final.established)
        if seen is not None:
            found.append(Ending(one, *seen, cleared=True))
            continue
        peers = peers or _Peers(found, known.values())
        identity = peers.of(one)
        if identity is None:
            unknown += 1
        else:
            found.append(Ending(one, identity, wire.close(identity), cleared=True))
    return found, unknown


class _Peers:
    """Sockets whose other end is here, gone, and not found yet."""

    def __init__(self, found: list[Ending], open_ones: Iterable[Tracked]) -> None:
        taken = {flow_of(one.identity) for one in found} | {flow_of(one.identity) for one in open_ones}
        self._alone: dict[tuple[str, int], list[Flow]] = {}
        for one in found:
            peer = peer_of(one.identity)
            if peer not in taken and one.closed.final.established:
                self._alone.setdefault((peer.remote_address, peer.local_port), []).append(peer)

    def of(self, one: Closed) -> Identity | None:
        local, port, remote, _, uid = one.identity
        flows = self._alone.get((remote, port), []) if one.final.established else []
        for at, flow in enumerate(flows):
            if local in (flow.local_address, *ANY):
                return Identity(*flows.pop(at), uid)
        return None

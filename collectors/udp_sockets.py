"""UDP sockets of one scan, as who looks for the one that a datagram went to or came from needs them."""

from collections.abc import Mapping
from socket import IPPROTO_UDP

from collectors.closing import Flow, flow_of
from collectors.diag import Plain
from collectors.socket_scan import ANY, Seen

Cookies = tuple[int, ...]


class UdpSockets:
    """Those without a peer by their ports, and the flows of those that have one."""

    def __init__(self) -> None:
        self._listening: Mapping[int, Plain] = {}
        self._udp: Mapping[int, Plain] = {}
        self._at: dict[int, list[Plain]] = {}
        self._before: Mapping[int, Plain] = {}  # as of the scan before
        self._connected: set[Flow] = set()
        # What closed since the scan before, and what did until then: a datagram may be read after its socket has closed
        # and was reported.
        self._closed: set[Flow] = set()
        self._closed_before: set[Flow] = set()
        self._gone: set[int] = set()  # ports of sockets without a peer
        self._gone_before: set[int] = set()
        self._complete = False
        self.tunnels: set[int] = set()
        """Ports of the kernel's own sockets (VXLAN, WireGuard): what these carry is seen where it comes from."""

    def take(self, seen: Seen) -> bool:
        """Take a scan; return whether sockets without a peer are others than before. Tables are never changed."""
        changed = seen.listening is not self._listening
        self._before = self._listening
        if changed:
            self._listening, self._at = seen.listening, {}
            for one in seen.listening.values():
                if one.protocol == IPPROTO_UDP:
                    self._at.setdefault(one.identity.local_port, []).append(one)
            self.tunnels = {port for port, held in self._at.items() if not any(one.inode for one in held)}
        if seen.udp is not self._udp:
            self._udp, self._connected = seen.udp, {flow_of(one.identity) for one in seen.udp.values()}
        self._closed_before, self._closed = self._closed, {flow_of(identity) for _, identity in seen.udp_closed}
        self._gone_before, self._gone = self._gone, {one.identity.local_port for one in seen.unbound}
        self._complete = seen.events_complete
        return changed

    def connected(self, flow: Flow) -> bool:
        """Return whether a socket has, or had until it closed, the other end for its peer."""
        return flow in self._connected or flow in self._closed or flow in self._closed_before

    def serving(self, address: str, port: int) -> Cookies:
        """Return the sockets that take what comes to an address: the most closely bound ones."""
        near = [(_nearness(one.identity.local_address, address), one.cookie) for one in self._at.get(port, ())]
        nearest = max((rank for rank, _ in near), default=0)
        return tuple(sorted(cookie for rank, cookie in near if nearest and rank == nearest))

    def sending(self, address: str, port: int) -> Cookies:
        """Return the sockets that may send from an address."""
        return tuple(
            sorted(one.cookie for one in self._at.get(port, ()) if _nearness(one.identity.local_address, address))
        )

    def user(self, cookie: int) -> int:
        """Return the user of a socket."""
        return self._listening[cookie].identity.uid

    def sure(self, cookie: int, port: int) -> bool:
        """Return whether no other socket had the port when the datagrams of this window came."""
        new = cookie not in self._before
        return port not in self._gone and not (new and (port in self._gone_before or not self._complete))


def _nearness(bound: str, address: str) -> int:
    """Return how closely a socket is bound to an address; 0 if not at all, or elsewhere."""
    if bound == address:
        return 3
    if bound not in ANY:
        return 0
    return 2 if (":" in bound) == (":" in address) else int(":" in bound)

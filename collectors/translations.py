"""How connections of this host that NAT changes look on the wire outside of it, where other hosts see them.

A socket knows the addresses that its program asked for. If its host translates them, the other end has a socket with
others. So both are reported by what is between the hosts; where both ends are on this host, by what the server sees.
"""

import errno
import socket
from collections.abc import Iterator
from pathlib import Path

from msgspec import structs

from collectors import conntrack, netlink
from collectors.closing import Flow
from collectors.networks import Networks
from schemas.raw import ConnectionBatch, Translated

NEEDS = "CAP_NET_ADMIN (run as root)"
WHAT = "the servers behind translated addresses (NAT)"
MOST = 100_000  # translated connections, 10 us each
_COUNT = "/proc/sys/net/netfilter/nf_conntrack_count"


class Translations:
    """Looks at the table of the host's own network namespace once a window, if there is anything in it."""

    def __init__(self, networks: Networks, count: str = _COUNT) -> None:
        self._networks = networks
        self._count = count
        self._socket: socket.socket | None = None
        self._outside: dict[tuple[int, Flow], Flow] = {}
        self._known: dict[int, dict[int, Flow | None]] = {}  # of each namespace: cookie -> how it looks outside
        self.denied = False
        self.beyond = 0

    def look(self) -> None:
        """Read the table."""
        self._outside = {}
        if self.denied or not self._is_used():
            return
        try:
            if self._socket is None:
                self._socket = netlink.open_socket(conntrack.NETFILTER)
            own = {one.address for network in self._networks for one in network.watch.read()}
            for nth, one in enumerate(conntrack.translated(self._socket)):
                if nth == MOST:
                    self.beyond += 1
                    self.close()  # the rest of the answer is not read
                    break
                self._outside.update(outside(one, own))
        except OSError as error:
            self.close()
            self.denied = error.errno in (errno.EPERM, errno.EACCES)

    def add(self, batch: ConnectionBatch) -> ConnectionBatch:
        """Return a batch with what its connections are outside; a keyframe has all connections of its namespace."""
        before = self._known.get(batch.netns, {})
        if not self._outside and not before:
            return batch
        known = {} if batch.keyframe else before
        columns, rows = batch.connections, []
        flows = map(Flow, columns.local_address, columns.local_port, columns.remote_address, columns.remote_port)
        for cookie, transport, flow in zip(columns.cookie, columns.transport, flows, strict=True):
            found = before[cookie] if cookie in before else self._outside.get((transport, flow))
            known[cookie] = found
            if found is not None:
                rows.append((cookie, *found))
        for cookie, closed in zip(columns.cookie, columns.closed, strict=True):
            if closed:
                known.pop(cookie, None)
        self._known[batch.netns] = known
        return structs.replace(batch, translated=Translated.of(rows))

    def forget(self, living: Networks) -> None:
        """Forget the namespaces that are not looked at any more."""
        for netns in [netns for netns in self._known if netns not in living]:
            del self._known[netns]

    def missing(self) -> dict[str, str]:
        """Return what cannot be seen."""
        return {WHAT: NEEDS} if self.denied else {}

    def counters(self) -> dict[str, int]:
        """Return what was left out."""
        return {"translations_beyond": self.beyond} if self.beyond else {}

    def close(self) -> None:
        """Give the socket back."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _is_used(self) -> bool:
        try:
            return int(Path(self._count).read_text()) > 0
        except (OSError, ValueError):  # the kernel tracks nothing
            return False


def outside(one: conntrack.Translated, own: set[str]) -> Iterator[tuple[tuple[int, Flow], Flow]]:
    """Yield the flow that a socket of ours has, and how it looks outside."""
    asked, answered = one
    if asked.source in own:
        yield (asked.protocol, Flow(*asked[1:])), Flow(*answered.reversed()[1:])
    elif answered.source in own:
        yield (answered.protocol, Flow(*answered[1:])), Flow(*asked.reversed()[1:])

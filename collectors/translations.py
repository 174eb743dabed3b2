"""How connections of this host that NAT changes look on the wire outside of it, where other hosts see them.

A socket knows the addresses that its program asked for. If its host translates them, the other end has a socket with
others. So both are reported by what is between the hosts; where both ends are on this host, by what the server sees.
"""

import errno
import socket
from collections.abc import Container, Iterator, Sequence
from itertools import compress
from pathlib import Path

from msgspec import structs

from collectors import conntrack, netlink
from collectors.closing import Flow
from collectors.networks import Networks
from schemas.raw import ConnectionBatch, Connections, Translated

NEEDS = "CAP_NET_ADMIN (run as root)"
WHAT = "the servers behind translated addresses (NAT)"
FEW = 2_000  # translated connections, 15 us each; a look-up costs as much
Tracked = tuple[int, Flow]  # protocol, and addresses and ports as the socket has them
_COUNT = "/proc/sys/net/netfilter/nf_conntrack_count"


class Translations:
    """Looks up the connections that are new in a window, in the table of the host's own network namespace."""

    def __init__(self, networks: Networks, count: str = _COUNT) -> None:
        self._networks = networks
        self._count = count
        self._socket: socket.socket | None = None
        self._entries = 0  # as of the last reading of the table
        self._known: dict[int, dict[int, Flow | None]] = {}  # of each namespace: cookie -> what it is outside
        self.denied = False

    def add(self, batches: Sequence[ConnectionBatch]) -> list[ConnectionBatch]:
        """Return the batches of a window with what their connections are outside.

        Call it when all sockets of the window have been read. A keyframe has all connections of its namespace.
        """
        if self.denied or not self._is_used():
            self._known = {}
            return list(batches)
        before, self._known = self._known, {}
        new = {one for batch in batches for _, one in _new(batch.connections, before.get(batch.netns, {}))}
        found = self._find(new) if new else {}
        return [self._added(batch, before.get(batch.netns, {}), found) for batch in batches]

    def _added(
        self, batch: ConnectionBatch, known: dict[int, Flow | None], found: dict[Tracked, Flow]
    ) -> ConnectionBatch:
        columns = batch.connections
        known |= {cookie: found.get(one) for cookie, one in _new(columns, known)}
        rows = [(cookie, *outside) for cookie in columns.cookie if (outside := known[cookie]) is not None]
        if batch.keyframe:  # what it lacks is gone
            known = {cookie: known[cookie] for cookie in columns.cookie}
        for cookie in compress(columns.cookie, columns.closed):
            del known[cookie]
        self._known[batch.netns] = known
        return structs.replace(batch, translated=Translated.of(rows)) if rows else batch

    def _find(self, wanted: set[Tracked]) -> dict[Tracked, Flow]:
        """Return what connections are outside, of those that are translated."""
        try:
            if self._socket is None:
                self._socket = netlink.open_socket(conntrack.NETFILTER)
            own = {one.address for network in self._networks for one in network.watch.read()}
            return dict(pair for one in self._entries_of(wanted, self._socket) for pair in outside(one, own))
        except OSError as error:
            self.close()
            self.denied = error.errno in (errno.EPERM, errno.EACCES)
            return {}

    def _entries_of(self, wanted: set[Tracked], sock: socket.socket) -> Iterator[conntrack.Translated]:
        """Yield translated connections: all, or where these are very many, only the wanted ones."""
        if self._entries <= max(FEW, len(wanted)):
            found = list(conntrack.translated(sock))
            self._entries = len(found)
            yield from found
            return
        self._entries -= FEW  # after a while all are read again, for they may have become few
        for protocol, flow in wanted:
            if one := conntrack.find(sock, conntrack.Tuple(protocol, *flow)):
                yield one

    def missing(self) -> dict[str, str]:
        """Return what cannot be seen."""
        return {WHAT: NEEDS} if self.denied else {}

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


def _new(columns: Connections, known: Container[int]) -> Iterator[tuple[int, Tracked]]:
    """Yield the cookies that are not known, each with its connection."""
    rows = zip(
        columns.cookie, columns.transport, columns.local_address, columns.local_port, columns.remote_address,
        columns.remote_port, strict=True,
    )  # fmt: skip
    return ((cookie, (transport, Flow(*flow))) for cookie, transport, *flow in rows if cookie not in known)


def outside(one: conntrack.Translated, own: set[str]) -> Iterator[tuple[Tracked, Flow]]:
    """Yield the flow that a socket of ours has, and how it looks outside."""
    asked, answered = one
    if asked.source in own:
        yield (asked.protocol, Flow(*asked[1:])), Flow(*answered.reversed()[1:])
    elif answered.source in own:
        yield (answered.protocol, Flow(*answered[1:])), Flow(*asked.reversed()[1:])

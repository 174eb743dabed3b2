"""How connections of this host that NAT changes look on the wire outside of it, where other hosts see them.

A socket knows the addresses that its program asked for. If its host translates them, the other end has a socket with
others. So both are reported by what is between the hosts; where both ends are on this host, by what the server sees.
"""

import errno
import socket
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import compress, islice
from typing import NamedTuple

from msgspec import structs

from collectors import conntrack, diag, netlink
from collectors.capabilities import needed
from collectors.closing import Flow
from collectors.networks import Networks
from collectors.outside import Ours, Server, Tracked, is_loopback, outside, server, servers
from collectors.rtnetlink import InterfaceAddress
from schemas.raw import ConnectionBatch, Connections, Translated

WHAT = "the servers behind translated addresses (NAT)"
FEW = 2_000  # entries of the table, 15 us each; a look-up costs as much
PATIENCE = 12  # windows


class Row(NamedTuple):
    """A connection as it is reported in a window."""

    cookie: int
    tracked: Tracked
    asking: bool  # nobody has answered yet
    closed: bool

    @property
    def asked(self) -> Server:
        """The server as the program asked for it."""
        return server(*self.tracked)


@dataclass(slots=True)
class Known:
    """A connection that was looked up: what it is outside, None if nothing is translated."""

    tracked: int  # a hash of its addresses and ports, for they take 2 KB for ten connections
    outside: Flow | None
    settled: bool  # the translation of a connection that nobody has answered may still change
    keyframe: int  # number of the keyframe after which it was last reported


class Translations:
    """Looks up the connections that are new in a window, in the table of the host's own network namespace."""

    def __init__(self, networks: Networks, count: str = conntrack.COUNT) -> None:
        self._networks = networks
        self._count = count
        self._socket: socket.socket | None = None
        self._known: dict[int, dict[int, Known]] = {}  # of each namespace: by cookie
        self._keyframes = 0
        self._looked_into: set[int] = set()  # the namespaces whose addresses were known in the last window
        self._patience = 0  # windows until all entries are read again, after they were many
        self._failed = 0
        self.denied = False

    def add(self, batches: Sequence[ConnectionBatch]) -> list[ConnectionBatch]:
        """Return the batches of a window with what their connections are outside.

        Call it when all sockets of the window have been read. A keyframe has all connections of its namespace.
        """
        if self.denied or not conntrack.is_used(self._count):
            self._known = {}
            return list(batches)
        self._keyframes += any(batch.keyframe for batch in batches)
        before, self._known = self._known, {}
        known = [before.get(batch.netns, {}) for batch in batches]
        came = self._came()
        new = [list(self._new(batch, some, came)) for batch, some in zip(batches, known, strict=True)]
        wanted = Counter(row.tracked for some in new for row in some)
        found = self._find(wanted.keys()) if wanted else {}
        if found is not None:
            behind = servers(found)
            for some, rows in zip(known, new, strict=True):
                some |= {
                    row.cookie: self._judged(
                        row, found, some.get(row.cookie), sure=wanted[row.tracked] == 1 or len(behind[row.asked]) == 1
                    )
                    for row in rows
                }
        return [self._added(batch, some) for batch, some in zip(batches, known, strict=True)]

    def _came(self) -> bool:
        """Return whether a namespace has been found since the last window: its processes may be at the other end."""
        before, self._looked_into = self._looked_into, {network.inode for network in self._networks}
        return not self._looked_into <= before

    def _judged(self, row: Row, found: Mapping[Tracked, Flow | None], held: Known | None, *, sure: bool) -> Known:
        """Return what a connection is. The table may have forgotten one that was looked up before.

        If several connections have had the same addresses and ports, the table has the last one. The others may have
        been led elsewhere if several servers are behind the address, so it is not `sure` of them.
        """
        before = held.outside if held is not None and held.tracked == hash(row.tracked) else None
        outside = found.get(row.tracked, before)
        if outside is not None and not sure and row.closed and outside[2:] != row.tracked[1][2:]:
            outside = before
        return Known(hash(row.tracked), outside, not row.asking, self._keyframes)

    def _added(self, batch: ConnectionBatch, known: dict[int, Known]) -> ConnectionBatch:
        columns = batch.connections
        rows = []
        for cookie in columns.cookie:
            one = known.get(cookie)
            if one is None:
                continue
            if one.outside is not None:
                rows.append((cookie, *one.outside))
            if batch.keyframe:
                one.keyframe = self._keyframes
        for cookie in compress(columns.cookie, columns.closed):
            known.pop(cookie, None)
        if batch.keyframe:  # what two keyframes lack is gone; a socket that closed may be reported late
            known = {cookie: one for cookie, one in known.items() if one.keyframe >= self._keyframes - 1}
        self._known[batch.netns] = known
        return structs.replace(batch, translated=Translated.of(rows)) if rows else batch

    def _new(self, batch: ConnectionBatch, known: Mapping[int, Known], came: bool) -> Iterator[Row]:
        """Yield the rows to look up: new sockets, those that connected again, and those that were not answered.

        If a namespace `came`, those that are translated are among them.
        """
        elsewhere = batch.netns != self._networks.own.inode
        for row in _rows(batch.connections):
            held, (protocol, _) = known.get(row.cookie), row.tracked
            if held is not None and held.tracked == hash(row.tracked) and held.settled and not (came and held.outside):
                continue
            if protocol in conntrack.PROTOCOLS and not (elsewhere and is_loopback(row.tracked)):
                yield row  # loopback never leaves its namespace

    def _find(self, wanted: Collection[Tracked]) -> dict[Tracked, Flow | None] | None:
        """Return what translated connections are outside; None when the table cannot be read."""
        try:
            own = Ours(self._addresses())
            return dict(pair for one in self._entries_of(wanted) for pair in outside(one, own))
        except OSError as error:
            self.close()
            self._failed += 1
            self.denied = error.errno in (errno.EPERM, errno.EACCES)
            return None

    def _addresses(self) -> Iterator[InterfaceAddress]:
        for network in self._networks:
            with suppress(OSError):  # a namespace that ends; what is in it is reported by its own part
                yield from network.watch.read()

    def _entries_of(self, wanted: Collection[Tracked]) -> Iterator[conntrack.Translated]:
        """Yield translated connections: all, or where the table has very many, only the wanted ones."""
        self._patience = max(self._patience - 1, 0)
        if not self._patience:
            most = max(FEW, 2 * len(wanted))
            found = list(islice(conntrack.translated(self._open()), most + 1))
            if len(found) <= most:
                yield from (one for one in found if one is not None)
                return
            self.close()  # the rest of the answer is not read
            self._patience = PATIENCE
        for protocol, flow in wanted:
            if one := conntrack.find(self._open(), conntrack.Tuple(protocol, *flow)):
                yield one

    def _open(self) -> socket.socket:
        if self._socket is None:
            self._socket = netlink.open_socket(conntrack.NETFILTER)
        return self._socket

    def missing(self) -> dict[str, str]:
        """Return what cannot be seen."""
        return {WHAT: needed("CAP_NET_ADMIN")} if self.denied else {}

    def counters(self) -> dict[str, int]:
        """Return how often the table could not be read."""
        return {"translations_failed": self._failed}

    def close(self) -> None:
        """Give the socket back."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _rows(columns: Connections) -> Iterator[Row]:
    flows = map(Flow, columns.local_address, columns.local_port, columns.remote_address, columns.remote_port)
    tracked = zip(columns.transport, flows, strict=True)
    for cookie, one, state, closed in zip(columns.cookie, tracked, columns.state, columns.closed, strict=True):
        yield Row(cookie, one, state == diag.SYN_SENT, closed)

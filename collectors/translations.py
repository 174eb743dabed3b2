"""How connections of this host that NAT changes look on the wire outside of it, where other hosts see them.

A socket knows the addresses that its program asked for. If its host translates them, the other end has a socket with
others. So both are reported by what is between the hosts; where both ends are on this host, by what the server sees.
"""

import errno
import socket
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from ipaddress import ip_address, ip_interface
from itertools import compress, islice
from pathlib import Path
from typing import NamedTuple

from msgspec import structs

from collectors import conntrack, netlink
from collectors.capabilities import needed
from collectors.closing import Flow
from collectors.networks import Networks
from collectors.rtnetlink import InterfaceAddress
from schemas.raw import ConnectionBatch, Connections, Translated

WHAT = "the servers behind translated addresses (NAT)"
FEW = 2_000  # entries of the table, 15 us each; a look-up costs as much
PATIENCE = 12  # windows
Tracked = tuple[int, Flow]  # protocol, and addresses and ports as the socket has them
_COUNT = "/proc/sys/net/netfilter/nf_conntrack_count"


class Known(NamedTuple):
    """A connection that was looked up: what it is outside, None if nothing is translated."""

    tracked: Tracked
    outside: Flow | None
    keyframe: int  # number of the keyframe after which it was last reported


class Translations:
    """Looks up the connections that are new in a window, in the table of the host's own network namespace."""

    def __init__(self, networks: Networks, count: str = _COUNT) -> None:
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
        if self.denied or not self._is_used():
            self._known = {}
            return list(batches)
        self._keyframes += any(batch.keyframe for batch in batches)
        before, self._known = self._known, {}
        known = [before.get(batch.netns, {}) for batch in batches]
        came = self._came()
        new = [list(self._new(batch, some, came)) for batch, some in zip(batches, known, strict=True)]
        wanted = {one for some in new for _, one in some}
        found = self._find(wanted) if wanted else {}
        if found is not None:
            for some, unknown in zip(known, new, strict=True):
                some |= {cookie: self._judged(one, found, some.get(cookie)) for cookie, one in unknown}
        return [self._added(batch, some) for batch, some in zip(batches, known, strict=True)]

    def _came(self) -> bool:
        """Return whether a namespace has been found since the last window: its processes may be at the other end."""
        before, self._looked_into = self._looked_into, {network.inode for network in self._networks}
        return not self._looked_into <= before

    def _judged(self, one: Tracked, found: Mapping[Tracked, Flow | None], held: Known | None) -> Known:
        """Return what a connection is. The table may have forgotten one that was looked up before."""
        before = held.outside if held is not None and held.tracked == one else None
        return Known(one, found.get(one, before), self._keyframes)

    def _added(self, batch: ConnectionBatch, known: dict[int, Known]) -> ConnectionBatch:
        columns = batch.connections
        reported = [(cookie, known[cookie]) for cookie in columns.cookie if cookie in known]
        rows = [(cookie, *one.outside) for cookie, one in reported if one.outside is not None]
        known |= {cookie: one._replace(keyframe=self._keyframes) for cookie, one in reported if batch.keyframe}
        for cookie in compress(columns.cookie, columns.closed):
            known.pop(cookie, None)
        if batch.keyframe:  # what two keyframes lack is gone; a socket that closed may be reported late
            known = {cookie: one for cookie, one in known.items() if one.keyframe >= self._keyframes - 1}
        self._known[batch.netns] = known
        return structs.replace(batch, translated=Translated.of(rows)) if rows else batch

    def _new(self, batch: ConnectionBatch, known: Mapping[int, Known], came: bool) -> Iterator[tuple[int, Tracked]]:
        """Yield cookie and connection of the rows to look up: new sockets, and those that connected again.

        If a namespace `came`, those that are translated are among them.
        """
        elsewhere = batch.netns != self._networks.own.inode
        for cookie, tracked in _connections(batch.connections):
            held = known.get(cookie)
            is_known = held is not None and held.tracked == tracked and not (came and held.outside)
            if is_known or tracked[0] not in conntrack.PROTOCOLS:
                continue
            if not (elsewhere and is_loopback(tracked)):  # that never leaves its namespace
                yield cookie, tracked

    def _find(self, wanted: set[Tracked]) -> dict[Tracked, Flow | None] | None:
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

    def _entries_of(self, wanted: set[Tracked]) -> Iterator[conntrack.Translated]:
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

    def _is_used(self) -> bool:
        try:
            return int(Path(self._count).read_text()) > 0
        except (OSError, ValueError):  # the kernel tracks nothing
            return False


def _connections(columns: Connections) -> Iterator[tuple[int, Tracked]]:
    flows = map(Flow, columns.local_address, columns.local_port, columns.remote_address, columns.remote_port)
    return zip(columns.cookie, zip(columns.transport, flows, strict=True), strict=True)


def is_loopback(tracked: Tracked) -> bool:
    """Return whether a connection is one over loopback."""
    _, flow = tracked
    return flow.local_address.startswith("127.") or flow.local_address == "::1"


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


def outside(one: conntrack.Translated, own: Container[str]) -> Iterator[tuple[Tracked, Flow | None]]:
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

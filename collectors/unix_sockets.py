"""Unix sockets: which are connected with which, in all network namespaces, looked at once a window.

The kernel shows of a socket the inode of its peer, so both ends of a connection are known, also where they are in two
namespaces: a path leads anywhere. It shows no closing, and counts neither bytes nor packets. So a connection is seen if
it is open when the sockets are looked at. One without a name at either end (socketpair) has no server and is left out,
and so are datagrams, of which a server has no socket for each client.
"""

import re
import socket
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from collectors import netlink
from collectors.diag import SOCK_DIAG_BY_FAMILY
from collectors.networks import Network, Networks
from collectors.unix_diag import UnixDump, UnixSocket, request
from schemas.unix_names import shown_name

MOST = 5_000  # connections that are reported; 20,000 sockets take 40 ms where all are new
WHAT = "Unix sockets"


class UnixPair(NamedTuple):
    """A connection: the sockets of both ends, and what the server is called."""

    client: UnixSocket
    server: UnixSocket
    fresh: bool = False

    def is_same(self, other: "UnixPair") -> bool:
        """Return whether this is the same connection."""
        return self.client.is_same(other.client) and self.server.is_same(other.server)

    @property
    def inodes(self) -> dict[int, int]:
        """Return inode -> cookie of both ends."""
        return {end.inode: end.cookie for end in (self.client, self.server)}


class UnixSeen(NamedTuple):
    """What one look saw, by the cookie of the client: all that is open, and what changed since the look before.

    `queued` are those that stay open and at which something is queued.
    """

    pairs: Mapping[int, UnixPair] = MappingProxyType({})
    opened: tuple[UnixPair, ...] = ()
    closed: tuple[UnixPair, ...] = ()
    queued: tuple[UnixPair, ...] = ()


class UnixSockets:
    """Looks at the sockets of every namespace, once a window, by the first that asks."""

    def __init__(self, networks: Networks, ignored: Iterable[str] = ()) -> None:
        self._networks = networks
        self._ignored = [re.compile(name) for name in ignored]
        self._known_names: dict[bytes, bool] = {}  # whether it is ignored
        self._places: dict[Network, _Place] = {}
        self._window: int | None = None
        self._seen = UnixSeen()
        self._needs = ""
        self._beyond = 0
        self._failed = 0

    def look(self, window: int) -> UnixSeen:
        """Return the connections as of this window."""
        if window != self._window:
            self._window, self._seen = window, self._look()
        return self._seen

    def missing(self) -> dict[str, str]:
        """Return what cannot be seen."""
        if self._needs:
            return {WHAT: self._needs}
        if self._beyond:
            return {"some connections of Unix sockets": f"no more than {MOST}: {self._beyond} are left out"}
        return {}

    def counters(self) -> dict[str, int]:
        """Return how often a namespace could not be looked at."""
        return {"unix_dumps_failed": self._failed}

    def close(self) -> None:
        """Give all back."""
        for place in self._places.values():
            place.close()
        self._places.clear()

    def _look(self) -> UnixSeen:
        if not self._follow():
            return UnixSeen(self._seen.pairs, queued=_queued(self._seen.pairs))
        held: dict[int, tuple[UnixSocket, _Place]] = {}
        for place in self._places.values():
            held |= {one.inode: (one, place) for one in place.dump.sockets}
        before = self._seen.pairs
        now: dict[int, UnixPair] = {}
        new: list[UnixPair] = []
        for pair in self._pairs(held):
            same = before.get(pair.client.cookie)
            if same is not None and same.is_same(pair):
                now[pair.client.cookie] = pair._replace(fresh=same.fresh)
            else:
                new.append(pair)
        room = MOST - len(now)  # what was reported stays so, in whatever order the kernel lists the sockets
        opened, self._beyond = new[:room], len(new[room:])
        now |= {pair.client.cookie: pair for pair in opened}
        for place in self._places.values():
            place.known = True
        closed = tuple(pair for cookie, pair in before.items() if cookie not in now or not pair.is_same(now[cookie]))
        inodes = self._networks.inodes
        for pair in closed:
            for inode in pair.inodes:
                inodes.pop(inode, None)
        for pair in opened:
            inodes |= pair.inodes
        return UnixSeen(
            now, tuple(opened), closed, _queued({cookie: now[cookie] for cookie in before.keys() & now.keys()})
        )

    def _follow(self) -> bool:
        """Dump the sockets of every namespace that there is now; return whether anything is new.

        A namespace that fails keeps those of the dump before.
        """
        networks = list(self._networks)
        gone = self._places.keys() - set(networks)
        for network in gone:
            self._places.pop(network).close()
        news = bool(gone)
        for network in networks:
            place = self._places.get(network)
            if place is None:
                place = self._places[network] = _Place(network, known=network.fresh)
            try:
                news |= place.look()
            except FileNotFoundError:
                self._needs = "the unix_diag module"
                return news
            except OSError:
                self._failed += 1
        self._needs = ""
        return news

    def _pairs(self, held: dict[int, tuple[UnixSocket, "_Place"]]) -> Iterator[UnixPair]:
        """Yield the connections of which one end has a name. Those that were there when a namespace was first looked
        at are not fresh.
        """
        for one, place in held.values():
            other, elsewhere = held.get(one.peer, (None, place))
            if one.name or other is None or other.peer != one.inode or not other.name or self._ignores(other.name):
                continue
            yield UnixPair(one, other, fresh=place.known and elsewhere.known)

    def _ignores(self, name: bytes) -> bool:
        if name not in self._known_names:
            if len(self._known_names) >= MOST:
                self._known_names.clear()
            self._known_names[name] = any(each.fullmatch(shown_name(name)) for each in self._ignored)
        return self._known_names[name]


def _queued(pairs: Mapping[int, UnixPair]) -> tuple[UnixPair, ...]:
    return tuple(pair for pair in pairs.values() if pair.client.queued or pair.server.queued)


class _Place:
    """The sockets of one namespace. `known`: what is new in it has come since it was looked at."""

    def __init__(self, network: Network, *, known: bool) -> None:
        self.known = known
        self.dump = UnixDump()
        self._enter = network.enter
        self._socket: socket.socket | None = None

    def look(self) -> bool:
        """Dump the sockets anew; return whether anything is new."""
        if self._socket is None:
            self._socket = self._enter(lambda: netlink.open_socket(netlink.SOCK_DIAG))
        try:
            return self.dump.take(list(netlink.dump(self._socket, SOCK_DIAG_BY_FAMILY, request())))
        except OSError:
            self.close()  # a dump that broke off leaves answers in the socket
            raise

    def close(self) -> None:
        """Give the socket back."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

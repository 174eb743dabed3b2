"""Names by which clients in a network namespace found addresses: those that DNS gave for addresses they connect to.

What is only looked up is never reported. A name stays with its address for as long as somebody is connected there.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterator

from collectors import diag
from collectors.name_cache import Answer, NameCache, put
from collectors.socket_scan import Seen

MOST = 4_096  # addresses with connections, of our own network namespace
MOST_ELSEWHERE = 512  # the same in each other one
Opened = dict[str, list[int]]  # addresses of peers, with the cookies of their sockets as far as these are still open


class Used:
    """An address with connections: its names, each with the time of the answer."""

    __slots__ = ("lately", "names", "reported")

    def __init__(self) -> None:
        self.names: dict[str, Answer] = {}
        self.lately = True  # somebody connected since the last keyframe
        self.reported: frozenset[str] = frozenset()


class Resolved:
    """The addresses in use that have names. Of too many, those that were used longest ago are dropped."""

    def __init__(self, name_cache: NameCache, most: int = MOST) -> None:
        self.dropped = 0
        """Addresses with connections whose names were dropped."""
        self._name_cache = name_cache
        self._most = most
        self._used: OrderedDict[str, Used] = OrderedDict()
        self._sockets: dict[int, str] = {}  # to addresses that are used, by their cookies
        self._udp: frozenset[int] = frozenset()  # cookies at the last scan
        self._before: Opened = {}  # what opened in the last window

    def connect(self, seen: Seen, now: int) -> None:
        """Take the connections that a scan saw first; `now` in ns since the epoch.

        Those of the window before are looked at again, because an answer may be read later than its connection.
        """
        for cookie in seen.vanished if self._sockets else ():
            self._sockets.pop(cookie, None)
        opened = _opened(seen, self._udp)
        for some in (self._before, opened):
            for address, cookies in some.items():
                self._use(address, cookies, now)
        self._before, self._udp = opened, frozenset(seen.udp)

    def take(self, living: Collection[int], *, everything: bool) -> Iterator[tuple[str, str, int, str]]:
        """Yield addresses, their names, the time of the answer, ms, and how they are known: new ones, or all in use.

        An address is in use while a socket is connected there, and until the second keyframe after.
        """
        if everything:
            self._keep(living)
        for address, used in self._used.items():
            for name in used.names.keys() - used.reported:
                yield address, name, used.names[name].asked // 1_000_000, used.names[name].provenance
            used.reported = frozenset(used.names)

    def _use(self, address: str, cookies: list[int], now: int) -> None:
        """Note connections to an address, with its names as of now."""
        names = self._name_cache.of(address, now)
        used = self._used.get(address)
        if used is None:
            if not names:
                return
            used = self._used[address] = Used()
        self._used.move_to_end(address)
        for name, answer in names.items():
            put(used.names, name, answer)
        self._sockets.update(dict.fromkeys(cookies, address))
        used.lately = True
        if len(self._used) > self._most:
            self._used.popitem(last=False)
            self.dropped += 1

    def _keep(self, living: Collection[int]) -> None:
        """Give up addresses to which nothing is connected, and restate the others."""
        self._sockets = {cookie: address for cookie, address in self._sockets.items() if cookie in living}
        connected = set(self._sockets.values())
        for address, used in list(self._used.items()):
            if address not in connected and not used.lately:
                del self._used[address]
            used.lately, used.reported = False, frozenset()


def _opened(seen: Seen, udp: Collection[int]) -> Opened:
    """Return the peers of the connections that no scan saw before, those that are over included."""
    opened: Opened = {}
    for cookie, identity in seen.identities.items():
        opened.setdefault(identity.remote_address, []).append(cookie)
    for cookie in seen.udp.keys() - udp:
        opened.setdefault(seen.udp[cookie].identity.remote_address, []).append(cookie)
    over = {one.identity.remote_address for one in seen.closed if one.final.row.cookie not in seen.vanished}
    ended = {(one.family, one.remote_address) for one in seen.ended if one.cookie not in seen.vanished}
    for address in over | {diag.address(*one) for one in ended}:
        opened.setdefault(address, [])
    return opened

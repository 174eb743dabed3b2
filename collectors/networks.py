"""The network namespaces in which processes of this host live: found, looked at, given back when they are empty.

A namespace with an agent of its own is another host's, as in a laboratory of namespaces: it is left to that agent. An
agent that does not run in the namespace of the host's first process looks at its own namespace alone, if not set else.
"""

import errno
import platform
import time
from collections.abc import Iterator, Mapping
from itertools import islice
from select import POLLIN, poll

from collectors.capabilities import needed
from collectors.entering import STAY, Enter, Entrance
from collectors.interfaces import InterfaceWatch
from collectors.kernel import COOKIES_ARE_GLOBAL, kernel_version
from collectors.presence import is_agent, names_of_agents
from collectors.procfs import netns_of, own_netns, read_table
from collectors.settings import Settings
from collectors.socket_scan import SocketScan
from collectors.stirring import Stirring
from collectors.tracing import Tracing
from collectors.visibility import INITIAL

MOST_TAPPED = 32  # namespaces besides our own whose packets are looked at; rings of 896 KiB each
# Opening the packet sockets of one takes a tenth of a second, in which nothing else is done. Where containers begin by
# dozens, the packets of some are looked at later.
TAPPED_AT_ONCE, TAPPED_EVERY_S = 4, 0.5
MOST = 1_000  # namespaces; six descriptors and 25 KiB each
MOST_UNIX_BYTES = 1 << 20
MOST_NAMES = 16  # of agents that are tried in a namespace, in which any user may take them
NEWER = f"Linux {'.'.join(map(str, COOKIES_ARE_GLOBAL))} or later"
ANOTHERS = "nothing: those agents report them"
UNENTERED = "sockets in {} other network namespaces"
_NOT_ALLOWED = (errno.EPERM, errno.EACCES)
_TOO_MANY = (errno.EMFILE, errno.ENFILE)


class Network:
    """A network namespace that is looked at.

    `fresh`: it came while the agent watched, so all in it is new. `tapped`: its packets are looked at. `reported`: its
    connections are.
    """

    def __init__(self, inode: int, enter: Enter, scan: SocketScan, *, fresh: bool) -> None:
        self.inode = inode
        self.enter = enter
        self.scan = scan
        self.fresh = fresh
        self.tapped = False
        self.reported = False
        self.watch = InterfaceWatch(enter)

    def close(self) -> set[int]:
        """Give it back; return the inodes of sockets that are no longer looked at."""
        self.watch.close()
        released = self.scan.release()
        self.enter.close()
        return released


class Networks:
    """All that are looked at, our own first."""

    def __init__(
        self, settings: Settings, own: int | None = None, release: str = "", tracing: Tracing | None = None
    ) -> None:
        self._settings = settings
        self._tracing = tracing
        self._tells_apart = (kernel_version(release or platform.release()) or (0, 0)) >= COOKIES_ARE_GLOBAL
        self.inodes: dict[int, int] = {}
        """Inode -> cookie of every socket that a process may hold, in all of them."""
        here = own_netns() if own is None else own
        self.own = Network(here, STAY, self._scan(STAY, here), fresh=False)
        self.own.tapped = True
        self._others: dict[int, Network] = {}
        self._empty: set[int] = set()  # since the last window
        self._known: set[int] = set()  # found before, whether they could be looked at or not
        self._anothers: set[int] = set()  # left to agents of their own
        self._watching = False
        self._may_tap = float(TAPPED_AT_ONCE)
        self._tapped_at = time.monotonic()
        self._denied: set[int] = set()
        self._beyond: set[int] = set()
        self._confusable: set[int] = set()  # for their sockets have the cookies of ours
        self._released: set[int] = set()

    def __iter__(self) -> Iterator[Network]:
        yield self.own
        yield from list(self._others.values())

    def __contains__(self, inode: object) -> bool:
        return inode == self.own.inode or inode in self._others

    def stirred(self) -> set[int]:
        """Return the namespaces whose packets are looked at, and others in which a socket has closed meanwhile."""
        self._tap()
        tapped = {network.inode for network in self if network.tapped}
        by_descriptor = {network.scan.fileno(): network.inode for network in self if not network.tapped}
        waiting = poll()
        for descriptor in by_descriptor.keys() - {-1}:
            waiting.register(descriptor, POLLIN)
        return tapped | {by_descriptor[descriptor] for descriptor, _ in waiting.poll(0)}

    def note(self, inode: int, pid: int) -> None:
        """Take notice that a process lives in a namespace."""
        if inode in (0, self.own.inode):
            return
        self._empty.discard(inode)
        if inode in self._others or not self._everywhere:
            return
        if not self._tells_apart:
            self._confusable.add(inode)
        elif self._is_anothers(inode, pid):
            self._leave(inode)
        elif len(self._others) >= MOST:
            self._put_off(inode, self._beyond)
        else:
            self._add(inode, f"{self._settings.proc}/{pid}")

    def keep(self, living: Mapping[int, int]) -> None:
        """Give back what no process lives in, given inode -> pid. What has just become empty is looked at once more."""
        self._watching = True
        for inode in list(self._others):
            pid = living.get(inode)
            if pid is not None:
                if self._is_anothers(inode, pid):
                    self._leave(inode)
            elif inode in self._empty:
                self.drop(inode)
            else:
                self._empty.add(inode)
        self._tap()
        for some in (self._known, self._anothers, self._denied, self._beyond, self._confusable):
            some.intersection_update(living)

    def _tap(self) -> None:
        """Look at the packets of as many namespaces as may be, the longest known first."""
        now = time.monotonic()
        self._may_tap = min(self._may_tap + (now - self._tapped_at) / TAPPED_EVERY_S, TAPPED_AT_ONCE)
        self._tapped_at = now
        for network in islice(self._others.values(), MOST_TAPPED):
            if not network.tapped and (self._may_tap >= 1 or not self._watching):
                network.tapped = True
                self._may_tap -= self._watching

    def drop(self, inode: int) -> None:
        """Look at a namespace no more, until a process is noted in it."""
        network = self._others.pop(inode, None)
        if network is not None:
            self._known.add(inode)
            self._empty.discard(inode)
            self._released |= network.close()

    def released(self) -> set[int]:
        """Return the inodes of sockets that are no longer looked at, since the last call."""
        released, self._released = self._released, set()
        return released

    def missing(self) -> dict[str, str]:
        """Return what cannot be seen."""
        missing = {}
        if (untapped := len(self._others) - MOST_TAPPED) > 0:
            what = "HTTP requests" if self.own.scan.traced else "HTTP requests and resets"
            missing[f"{what} in {untapped} other network namespaces"] = f"no more than {MOST_TAPPED}"
        if self._anothers:
            missing[f"sockets in {len(self._anothers)} network namespaces with an agent of their own"] = ANOTHERS
        if self._denied:
            missing[UNENTERED.format(len(self._denied))] = needed("CAP_SYS_ADMIN")
        if self._confusable:
            missing[UNENTERED.format(len(self._confusable))] = NEWER
        if self._beyond:
            missing[f"sockets in {len(self._beyond)} more network namespaces"] = (
                f"no more than {MOST}, and open files for each"
            )
        return missing

    def close(self) -> None:
        """Give all back."""
        for inode in list(self._others):
            self.drop(inode)
        self.own.close()

    @property
    def _everywhere(self) -> bool:
        chosen = self._settings.namespaces
        first = netns_of(f"{self._settings.proc}/1")
        return chosen == "all" or (chosen == "auto" and self.own.inode in (INITIAL["net"], first))

    def _is_anothers(self, inode: int, pid: int) -> bool:
        """Return whether an agent runs in the namespace of a process; a name alone is any user's to take."""
        folder = f"{self._settings.proc}/{pid}"
        table = read_table(f"{folder}/net/unix", MOST_UNIX_BYTES) or b""
        names = list(dict.fromkeys(names_of_agents(table)))[:MOST_NAMES]
        if not names:
            return False
        try:
            with Entrance(f"{folder}/ns/net", inode) as entrance:
                return entrance(lambda: any(map(is_agent, names)))
        except OSError:
            return False

    def _scan(self, enter: Enter, netns: int) -> SocketScan:
        return SocketScan(
            self._settings,
            enter=enter,
            inodes=self.inodes,
            stirring=Stirring(enter),
            tracing=self._tracing,
            netns=netns,
        )

    def _add(self, inode: int, folder: str) -> None:
        try:
            entrance = Entrance(f"{folder}/ns/net", inode)
        except OSError as error:
            self._fail(inode, error)
            return
        fresh = self._watching and inode not in self._known
        network = Network(inode, entrance, self._scan(entrance, inode), fresh=fresh)
        try:
            network.scan.open()
        except OSError as error:
            network.close()
            self._fail(inode, error)
            return
        for some in (self._anothers, self._denied, self._beyond):
            some.discard(inode)
        self._others[inode] = network
        self._tap()

    def _fail(self, inode: int, error: OSError) -> None:
        if error.errno in _NOT_ALLOWED:
            self._put_off(inode, self._denied)
        elif error.errno in _TOO_MANY:
            self._put_off(inode, self._beyond)  # else it is gone

    def _leave(self, inode: int) -> None:
        """Leave a namespace to the agent that runs in it."""
        self.drop(inode)
        self._put_off(inode, self._anothers)

    def _put_off(self, inode: int, why: set[int]) -> None:
        """Do not look at a namespace for now. What is in it is not new once it is looked at."""
        for some in (self._anothers, self._denied, self._beyond):
            some.discard(inode)
        why.add(inode)
        self._known.add(inode)

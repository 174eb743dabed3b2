"""Owners: which process holds which socket, found by following the links in /proc/PID/fd.

A full reading of 32,000 sockets takes 100 ms, so that is for keyframes. In between, processes are read again whose
number of open files changed, and those that may hold a socket that nobody is known to hold.
"""

from collections.abc import Iterable

from collectors.named import Named
from collectors.networks import Networks
from collectors.open_files import OpenFiles
from collectors.process_table import ProcessTable, Stat, folder_of
from collectors.registry import Sources, Turn, register
from collectors.scans import Sockets
from collectors.search import Search
from collectors.socket_scan import Seen
from collectors.traced import Process
from collectors.tracing import Tracing
from collectors.unheld import FEW, Sight, missing
from collectors.visibility import hidden_by, is_initial
from collectors.window import Inert, Window
from schemas.raw import Lost, OwnerBatch, Owners
from schemas.topics import OWNERS

Row = tuple[int, int, int, str]  # of schemas.raw.Owners
SCAN, BPF = "scan", "BPF"
NOBODY: frozenset[Process] = frozenset()


class OwnerCollector(Inert):
    """Reports every holder of a socket; which of them is its owner is for the folds to decide.

    A holding is reported as gone when others hold the socket. The last holder of a socket that is closing, or that
    closed in a keyframe's window, is still reported as its holder: its last bytes are that process's.
    """

    topic = OWNERS

    def __init__(
        self,
        scan: Sockets,
        table: ProcessTable,
        proc: str = "/proc",
        tracing: Tracing | None = None,
        networks: Networks | None = None,
    ) -> None:
        self._scan = scan
        self._table = table
        self._living: dict[int, Stat] = {}
        self._files = OpenFiles(proc, table.start_of, lambda pid: folder_of(proc, self._living[pid]))
        self._search = Search(scan, table, self._files)
        self._proc = proc
        self._sight = Sight()
        self._tracing = tracing
        self._networks = networks
        self._named = Named()
        self._reported: dict[int, tuple[int, frozenset[Process]]] = {}  # inode -> cookie, holders
        self._cookies: set[int] = set()  # of these sockets

    def open(self, window: Window) -> None:
        """Open the scan."""
        self._scan.open()

    def drain(self) -> None:
        """Take what programs reported: what they report now may be of a namespace that is soon given back."""
        if self._tracing is not None and self._networks is not None:
            self._named.take(self._tracing.take_owners(self._networks))

    def collect(self, window: Window) -> OwnerBatch:
        """Return new holdings, or all on a keyframe, and those that ended."""
        self.drain()
        self._named.settle(self._cookies)
        if self._tracing is not None:
            self._tracing.forget()
        seen = self._scan.look(window.start)
        self._living = living = self._table.look(window.start)
        inodes = self._scan.inodes
        self._files.keep({pid: stat.start for pid, stat in living.items()}, seen.inodes_removed)
        if window.keyframe:
            self._files.read(living, inodes, thorough=True)
            self._search.end()
            self._sight = self._look_over(seen)
            touched: Iterable[int] = inodes.keys() | self._reported.keys()
        else:
            self._files.read(self._files.changed(living), inodes)
            self._search.go(seen, living)
            touched = seen.inodes_added | seen.inodes_removed | self._files.touched
        rows = [(cookie, *process, BPF) for cookie, process in self._named.new()]
        others, gone = self._difference(touched, inodes, restate=window.keyframe)
        if window.keyframe:  # of sockets that no scan has seen
            stated = self._cookies | {cookie for cookie, *_ in others}  # those that have just closed are in these alone
            rows = [(cookie, *process, BPF) for cookie, process in self._named.all() if cookie not in stated]
        rows += others
        self._files.touched = set()
        self._named.turn(seen.tcp.keys())
        return window.batch(OwnerBatch, owners=Owners.of(rows), gone=Lost.of(gone))

    def missing(self) -> dict[str, str]:
        """Report how many sockets have no visible holder, when there is a reason."""
        return missing(self._sight) | (self._tracing.missing() if self._tracing is not None else {})

    def counters(self) -> dict[str, int]:
        """Return what was lost."""
        return self._tracing.counters() if self._tracing is not None else {}

    def close(self) -> None:
        """End the programs."""
        if self._tracing is not None:
            self._tracing.close()

    def _look_over(self, seen: Seen) -> Sight:
        """Compare the sockets that a process may hold with those of which one is seen to."""
        inodes = self._scan.inodes
        unheld = len(inodes.keys() - self._files.holders.keys() - seen.inodes_added)
        return Sight(
            sockets=len(inodes),
            unheld=unheld,
            denied=tuple(sorted(self._files.denied)),
            hidden=hidden_by(self._proc),
            contained=not is_initial("pid"),
            lasting=min(unheld, self._sight.unheld) >= FEW,
        )

    def _difference(
        self, touched: Iterable[int], inodes: dict[int, int], *, restate: bool
    ) -> tuple[list[Row], list[tuple[int, int, int]]]:
        rows, gone = [], []
        for inode in touched:
            cookie = inodes.get(inode)
            last, before = self._reported.pop(inode, (0, NOBODY))
            self._cookies.discard(last)
            if cookie is None:
                rows += [self._row(last, process) for process in before if restate]
                continue
            if cookie != last and (named := self._named.of(cookie)):
                last, before = cookie, frozenset((named,))
            now = self._files.holders.get(inode) or (before if cookie == last else NOBODY)
            known = before if cookie == last and not restate else NOBODY
            rows += [self._row(cookie, process) for process in now - known]
            if cookie == last:
                gone += [(cookie, pid, start) for pid, start in before - now]
            if now:
                self._reported[inode] = (cookie, now)
                self._cookies.add(cookie)
        return rows, gone

    def _row(self, cookie: int, process: Process) -> Row:
        return cookie, *process, BPF if self._named.of(cookie) == process else SCAN


@register(Turn.OWNERS)
def collector(sources: Sources) -> OwnerCollector:
    """Return the collector of owners."""
    return OwnerCollector(
        sources.scans, sources.table, sources.settings.proc, tracing=sources.tracing, networks=sources.networks
    )

"""Owners: which process holds which socket, found by following the links in /proc/PID/fd.

A full reading of 32,000 sockets takes 100 ms, so that is for keyframes. In between, processes are read again whose
number of open files changed, and those that may hold a socket that nobody is known to hold.
"""

from collections.abc import Iterable

from collectors.open_files import OpenFiles
from collectors.process_table import ProcessTable, Stat, folder_of
from collectors.registry import Sources, Turn, register
from collectors.scans import Sockets
from collectors.search import Search
from collectors.socket_scan import Seen
from collectors.unheld import FEW, Sight, missing
from collectors.visibility import hidden_by, is_initial
from collectors.window import Inert, Window
from schemas.raw import Lost, OwnerBatch, Owners
from schemas.topics import OWNERS

Process = tuple[int, int]  # pid, start
NOBODY: frozenset[Process] = frozenset()


class OwnerCollector(Inert):
    """Reports every holder of a socket; which of them is its owner is for the folds to decide.

    A holding is reported as gone when others hold the socket. The last holder of a socket that is closing, or that
    closed in a keyframe's window, is still reported as its holder: its last bytes are that process's.
    """

    topic = OWNERS

    def __init__(self, scan: Sockets, table: ProcessTable, proc: str = "/proc") -> None:
        self._scan = scan
        self._table = table
        self._living: dict[int, Stat] = {}
        self._files = OpenFiles(proc, table.start_of, lambda pid: folder_of(proc, self._living[pid]))
        self._search = Search(scan, table, self._files)
        self._proc = proc
        self._sight = Sight()
        self._reported: dict[int, tuple[int, frozenset[Process]]] = {}  # inode -> cookie, holders

    def open(self, window: Window) -> None:
        """Open the scan."""
        self._scan.open()

    def collect(self, window: Window) -> OwnerBatch:
        """Return new holdings, or all on a keyframe, and those that ended."""
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
        rows, gone = self._difference(touched, inodes, restate=window.keyframe)
        self._files.touched = set()
        return window.batch(OwnerBatch, owners=Owners.of(rows), gone=Lost.of(gone))

    def missing(self) -> dict[str, str]:
        """Report how many sockets have no visible holder, when there is a reason."""
        return missing(self._sight)

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
    ) -> tuple[list[tuple[int, int, int, str]], list[tuple[int, int, int]]]:
        rows, gone = [], []
        for inode in touched:
            cookie = inodes.get(inode)
            last, before = self._reported.pop(inode, (0, NOBODY))
            if cookie is None:
                rows += [(last, pid, start, "scan") for pid, start in before if restate]
                continue
            now = frozenset(self._files.holders.get(inode, ())) or (before if cookie == last else NOBODY)
            known = before if cookie == last and not restate else NOBODY
            rows += [(cookie, pid, start, "scan") for pid, start in now - known]
            if cookie == last:
                gone += [(cookie, pid, start) for pid, start in before - now]
            if now:
                self._reported[inode] = (cookie, now)
        return rows, gone


@register(Turn.OWNERS)
def collector(sources: Sources) -> OwnerCollector:
    """Return the collector of owners."""
    return OwnerCollector(sources.scans, sources.table, sources.settings.proc)

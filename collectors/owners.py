"""Owners: which process holds which socket, found by following the links in /proc/PID/fd.

A full reading of 32,000 sockets takes 100 ms, so that is for keyframes. In between, processes are read again whose
number of open files changed, and those that may hold a socket that nobody is known to hold.
"""

from collections.abc import Iterable

from collectors.diag import local_port
from collectors.open_files import OpenFiles
from collectors.process_table import ProcessTable, Stat, folder_of
from collectors.socket_scan import Seen, SocketScan
from collectors.window import Inert, Window
from schemas.raw import Lost, OwnerBatch, Owners
from schemas.topics import OWNERS

MISSING = {"owners of other users' sockets": "CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH (run as root)"}
Process = tuple[int, int]  # pid, start
MOST_LOOKUPS = 500  # a window
NOBODY: frozenset[Process] = frozenset()


class OwnerCollector(Inert):
    """Reports every holder of a socket; which of them is its owner is for the reader to say.

    A holding is told as gone when others hold the socket. The last holder of a socket that is closing, or that closed
    in a keyframe's window, is told as its holder still: its last bytes are that process's.
    """

    topic = OWNERS

    def __init__(self, scan: SocketScan, table: ProcessTable, proc: str = "/proc") -> None:
        self._scan = scan
        self._table = table
        self._living: dict[int, Stat] = {}
        self._files = OpenFiles(proc, table.start_of, lambda pid: folder_of(proc, self._living[pid]))
        self._told: dict[int, tuple[int, frozenset[Process]]] = {}  # inode -> cookie, holders

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
            touched: Iterable[int] = inodes.keys() | self._told.keys()
        else:
            self._files.read(self._files.changed(living), inodes)
            self._search(seen, living, inodes)
            touched = seen.inodes_added | seen.inodes_removed | self._files.touched
        rows, gone = self._difference(touched, inodes, restate=window.keyframe)
        self._files.touched = set()
        return window.batch(OwnerBatch, owners=Owners.of(rows), gone=Lost.of(gone))

    def missing(self) -> dict[str, str]:
        """Say so when the files of some processes may not be read."""
        return dict(MISSING) if self._files.denied else {}

    def _search(self, seen: Seen, living: dict[int, Stat], inodes: dict[int, int]) -> None:
        """Find who holds the new sockets that nobody is known to hold, the likeliest first.

        Most were closed between the two scans, which the kernel tells for a thousandth of what a search costs. Else a
        process that closed as many files as it opened looks unchanged; and a number may have passed from a socket that
        others still hold to a new one, which only a thorough reading shows.
        """
        lost = [inode for inode in seen.inodes_added if inode in inodes and inode not in self._files.holders]
        lost = [inode for inode in lost[:MOST_LOOKUPS] if not self._scan.closed_since(inode)] + lost[MOST_LOOKUPS:]
        if lost:
            self._files.read(self._likely(lost, seen, living, inodes), inodes)
        for thorough in (False, True):
            if any(inode not in self._files.holders for inode in lost):
                self._files.read(living, inodes, thorough=thorough)

    def _likely(self, lost: list[int], seen: Seen, living: dict[int, Stat], inodes: dict[int, int]) -> set[int]:
        """Return who listens on the ports of some sockets, and their children."""
        ports = {local_port(seen.tcp[inodes[inode]]) for inode in lost if inodes[inode] in seen.tcp}
        listening = (one.inode for one in seen.listening.values() if one.identity.local_port in ports)
        holders = {pid for inode in listening for pid, _ in self._files.holders.get(inode, ())}
        return holders | {stat.pid for stat in living.values() if stat.parent in holders}

    def _difference(
        self, touched: Iterable[int], inodes: dict[int, int], *, restate: bool
    ) -> tuple[list[tuple[int, int, int, str]], list[tuple[int, int, int]]]:
        rows, gone = [], []
        for inode in touched:
            cookie = inodes.get(inode)
            last, before = self._told.pop(inode, (0, NOBODY))
            if cookie is None:
                rows += [(last, pid, start, "scan") for pid, start in before if restate]
                continue
            now = frozenset(self._files.holders.get(inode, ())) or (before if cookie == last else NOBODY)
            known = before if cookie == last and not restate else NOBODY
            rows += [(cookie, pid, start, "scan") for pid, start in now - known]
            if cookie == last:
                gone += [(cookie, pid, start) for pid, start in before - now]
            if now:
                self._told[inode] = (cookie, now)
        return rows, gone

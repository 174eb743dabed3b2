"""The search for who holds new sockets that nobody is known to hold.

A process that closed as many files as it opened looks unchanged, and a number may have passed from one socket to
another, which only a thorough reading shows. So processes are read until all sockets are found: the likeliest first,
as many files a window as may be, the rest in the next ones.
"""

from collections.abc import Iterable

from collectors.diag import local_port
from collectors.open_files import OpenFiles
from collectors.process_table import ProcessTable, Stat
from collectors.scans import Sockets
from collectors.socket_scan import Seen

MOST_LOOKUPS = 500  # a window
MOST_FILES = 20_000  # gone through in a window, 2.5 us each
AT_ONCE = 50  # processes read before the rest is looked over


class Search:
    """Goes on from window to window, until all is found or every process has been read."""

    def __init__(self, scan: Sockets, table: ProcessTable, files: OpenFiles) -> None:
        self._scan = scan
        self._table = table
        self._files = files
        self._lost: set[int] = set()
        self._to_read: list[tuple[int, bool]] = []  # pid, thoroughly; the next one last

    def go(self, seen: Seen, living: dict[int, Stat]) -> None:
        """Look for the sockets that are new in this window, and those not found in the ones before."""
        inodes = self._scan.inodes
        new = self._new(seen)
        self._lost = {inode for inode in self._lost if inode in inodes}
        if new:
            self._files.read(self._likely(new, seen, living), inodes)
            self._lost.update(new)
        if self._found():
            return
        if new:
            busy = [pid for pid in self._table.changed if pid in living]
            order = [*busy, *(living.keys() - busy)]
            self._to_read = [(pid, thorough) for thorough in (True, False) for pid in reversed(order)]
        left = MOST_FILES
        while self._to_read and left > 0 and not self._found():
            some, self._to_read = self._to_read[-AT_ONCE:], self._to_read[:-AT_ONCE]
            for pid, thorough in reversed(some):
                if pid in living:
                    left -= self._files.cost(pid, thorough=thorough)
                    self._files.read((pid,), inodes, thorough=thorough)
        if not self._to_read:
            self._lost.clear()

    def end(self) -> None:
        """Look no further: all has been read."""
        self._lost.clear()
        self._to_read.clear()

    def _found(self) -> bool:
        self._lost.difference_update(self._files.holders)
        return not self._lost

    def _new(self, seen: Seen) -> list[int]:
        """Return the new sockets without a holder. Most were closed between the two scans: asking the kernel for that
        costs a thousandth of a search.
        """
        inodes = self._scan.inodes
        lost = [inode for inode in seen.inodes_added if inode in inodes and inode not in self._files.holders]
        return [inode for inode in lost[:MOST_LOOKUPS] if not self._scan.closed_since(inode)] + lost[MOST_LOOKUPS:]

    def _likely(self, lost: Iterable[int], seen: Seen, living: dict[int, Stat]) -> set[int]:
        """Return who listens on the ports of some sockets, and their children."""
        inodes = self._scan.inodes
        ports = {local_port(seen.tcp[inodes[inode]]) for inode in lost if inodes[inode] in seen.tcp}
        listening = (one.inode for one in seen.listening.values() if one.identity.local_port in ports)
        holders = {pid for inode in listening for pid, _ in self._files.holders.get(inode, ())}
        return holders | {stat.pid for stat in living.values() if stat.parent in holders}

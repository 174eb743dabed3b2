"""Which processes hold which socket inodes, by reading as few of /proc/PID/fd as possible."""

import os
from collections.abc import Callable, Iterable

from collectors.fd_table import NO_SOCKET, VERIFIED, FdTable
from collectors.procfs import count_files, link, names

Process = tuple[int, int]  # pid, start
_SOCKET = b"socket:["


class OpenFiles:
    """The sockets among the open files of processes. `folder_of` gives the folder of /proc that shows a process."""

    def __init__(
        self, proc: str, start_of: Callable[[int], int | None], folder_of: Callable[[int], str] | None = None
    ) -> None:
        self._start_of = start_of
        self._folder_of = folder_of or (lambda pid: f"{proc}/{pid}")
        self._own = os.getpid()
        self._now = 0  # counts the windows
        self._starts: dict[int, int] = {}
        self._counts: dict[int, int] = {}
        self._tables: dict[int, FdTable] = {}
        self._alone: dict[int, frozenset[Process]] = {}  # by pid: one set for all sockets that it alone holds
        self.holders: dict[int, frozenset[Process]] = {}
        """Inode -> the processes that hold it."""
        self.touched: set[int] = set()
        """Inodes whose holders changed; for the caller to clear."""
        self.denied: set[int] = set()
        """Processes whose files may not be read."""

    def keep(self, starts: dict[int, int], vanished: Iterable[int] = ()) -> None:
        """Forget the processes that are not these any more, given pid -> start, and doubt the sockets that vanished."""
        self._now += 1
        for pid in [pid for pid, start in self._starts.items() if starts.get(pid) != start]:
            self._drop(pid)
            del self._starts[pid], self._tables[pid]
            self._alone.pop(pid, None)
            self._counts.pop(pid, None)
        self.denied &= starts.keys()
        for pid in starts.keys() - self._starts.keys():
            self._starts[pid] = starts[pid]
            self._tables[pid] = FdTable()
        for inode in vanished:
            for pid, _ in self.holders.get(inode, ()):
                self._tables[pid].doubt(inode)

    def changed(self, pids: Iterable[int]) -> list[int]:
        """Return the processes whose number of open files is another than when they were read.

        Before Linux 6.2 that number is unknown, and every process counts as changed.
        """
        folder, counts = self._folder_of, self._counts
        return [pid for pid in pids if (count := count_files(folder(pid))) < 0 or count != counts.get(pid)]

    def cost(self, pid: int, *, thorough: bool) -> int:
        """Return about how many files a reading of a process goes through."""
        table = self._tables[pid]
        return 1 + (min(len(table), VERIFIED * thorough) if table.big else len(table))

    def read(self, pids: Iterable[int], inodes: dict[int, int], *, thorough: bool = False) -> None:
        """Read the open files of processes; numbers that stood for a socket still alive are taken for unchanged,
        unless `thorough`. Of processes that have very many, some are read again, and the rest another time.
        """
        for pid in pids:
            table = self._tables[pid]
            self._read(pid, table, inodes, thorough=thorough)
            self._take(pid, table)

    def _read(self, pid: int, table: FdTable, inodes: dict[int, int], *, thorough: bool) -> None:
        """Bring a table up to date. Of a big one all numbers are listed now and then only: till then its count stays
        another than the one that was read.
        """
        process = self._folder_of(pid)
        folder, count = f"{process}/fd", count_files(process)
        denied = False

        def ask(number: str) -> int | None:
            nonlocal denied
            try:
                target = link(f"{folder}/{number}")
            except PermissionError:
                denied = True
                return NO_SOCKET
            except OSError:
                return None
            return int(target[len(_SOCKET) : -1]) if target.startswith(_SOCKET) else NO_SOCKET

        explained = table.big and table.follow(count, ask)
        if not explained and table.big and not table.may_list(self._now):
            return
        self._counts[pid] = count
        if explained:
            if thorough:
                table.verify(ask)
        else:
            try:
                numbers = names(folder)
            except OSError as error:
                numbers, denied = [], isinstance(error, PermissionError)
            whole = pid == self._own or (thorough and not table.big)  # listing one's own files opens one more
            table.list(numbers, None if whole else inodes, ask, self._now)
            self.denied.discard(pid)
        if denied:
            self.denied.add(pid)

    def _take(self, pid: int, table: FdTable) -> None:
        """Bring the holders up to date, unless the process has been replaced by another one while it was read."""
        if not table.changed:
            return
        if self._start_of(pid) != self._starts[pid]:
            self._drop(pid)
            self._tables[pid] = FdTable()
            return
        process = (pid, self._starts[pid])
        alone = self._alone.setdefault(pid, frozenset((process,)))
        for inode in table.take_changed():
            if table.holds(inode):
                held = self.holders.get(inode)
                self.holders[inode] = alone if held is None else held | alone
                self.touched.add(inode)
            else:
                self._let_go(inode, process)

    def _drop(self, pid: int) -> None:
        table = self._tables[pid]
        for inode in {*table.sockets(), *table.take_changed()}:  # also those it had when its holders were last set
            self._let_go(inode, (pid, self._starts[pid]))

    def _let_go(self, inode: int, process: Process) -> None:
        held = self.holders.get(inode)
        if held and process in held:
            left = held - {process}
            if left:
                self.holders[inode] = left
            else:
                del self.holders[inode]
            self.touched.add(inode)

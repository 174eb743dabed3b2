"""Which processes hold which socket inodes, by reading as few of /proc/PID/fd as possible."""

import os
from collections.abc import Callable, Iterable

from collectors.procfs import count_files, link, names

Process = tuple[int, int]  # pid, start
_PREFIX = len("socket:[")


class OpenFiles:
    """The sockets among the open files of processes."""

    def __init__(self, proc: str, start_of: Callable[[int], int | None]) -> None:
        self._proc = proc
        self._start_of = start_of
        self._own = os.getpid()
        self._starts: dict[int, int] = {}
        self._counts: dict[int, int] = {}
        self._sockets: dict[int, dict[str, int]] = {}  # pid -> fd -> inode, 0 for what is no socket
        self.holders: dict[int, set[Process]] = {}
        """Inode -> the processes that hold it."""
        self.touched: set[int] = set()
        """Inodes whose holders changed; for the caller to clear."""
        self.denied: set[int] = set()
        """Processes whose files may not be read."""

    def keep(self, starts: dict[int, int]) -> None:
        """Forget the processes that are not these any more, given pid -> start."""
        for pid in [pid for pid, start in self._starts.items() if starts.get(pid) != start]:
            self._update(pid, {})
            del self._starts[pid], self._sockets[pid]
            self._counts.pop(pid, None)
        self.denied &= starts.keys()
        for pid in starts.keys() - self._starts.keys():
            self._starts[pid] = starts[pid]
            self._sockets[pid] = {}

    def changed(self, pids: Iterable[int]) -> list[int]:
        """Return the processes whose number of open files is another than when they were read.

        Before Linux 6.2 that number is unknown, and every process counts as changed.
        """
        return [pid for pid in pids if (count := count_files(self._proc, pid)) < 0 or count != self._counts.get(pid)]

    def read(self, pids: Iterable[int], inodes: dict[int, int], *, thorough: bool = False) -> None:
        """Read the open files of processes; numbers that stood for a socket still alive are taken for unchanged,
        unless `thorough`.
        """
        for pid in pids:
            self._counts[pid] = count_files(self._proc, pid)
            own = pid == self._own  # listing one's own files opens one more, under a number just freed
            found = self._read(pid, {} if thorough or own else self._sockets[pid], inodes)
            if found != self._sockets[pid] and self._start_of(pid) == self._starts[pid]:
                self._update(pid, found)

    def _read(self, pid: int, known: dict[str, int], inodes: dict[int, int]) -> dict[str, int]:
        folder = f"{self._proc}/{pid}/fd"
        try:
            numbers = names(folder)
        except PermissionError:
            self.denied.add(pid)
            return {}
        except OSError:
            return {}
        found = {}
        for number in numbers:
            inode = known.get(number, 0)
            found[number] = inode if inode in inodes else self._inode(f"{folder}/{number}")
        return found

    def _inode(self, path: str) -> int:
        try:
            target = link(path)
        except OSError:
            return 0
        return int(target[_PREFIX:-1]) if target.startswith(b"socket:[") else 0

    def _update(self, pid: int, found: dict[str, int]) -> None:
        process = (pid, self._starts[pid])
        before, now = set(self._sockets[pid].values()), set(found.values())
        before.discard(0)
        now.discard(0)
        for inode in before - now:
            self.holders[inode].discard(process)
            if not self.holders[inode]:
                del self.holders[inode]
        for inode in now - before:
            self.holders.setdefault(inode, set()).add(process)
        self.touched |= before ^ now
        self._sockets[pid] = found

"""The numbers of a process's open files, and which of them stand for sockets.

Reading what one number stands for costs 2.5 us, listing all numbers 0.4 us each. The kernel gives a new file the lowest
number that is free, so what a process with many files has opened since is found by asking for a few numbers.
"""

from collections.abc import Callable, Container, Iterable
from heapq import heappop, heappush

NO_SOCKET = 0
BIG = 1_024  # files of a process that is followed, not listed, when their count changes
MOST_MISSES = 16  # numbers asked for in vain
LISTED = 2_000  # numbers listed a window, on the average
VERIFIED = 10_000  # numbers asked for again in one thorough reading
Ask = Callable[[str], int | None]  # what a number stands for: the inode of a socket, NO_SOCKET; None: it is not open


class FdTable:
    """What the open files of one process are known to be."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._where: dict[int, str] = {}  # inode -> a number that stands for it
        self._others: dict[int, set[str]] = {}  # inode -> further numbers
        self._free: list[int] = []  # a heap of numbers that may be free, below `_top`
        self._top = 0
        self._doubtful: set[str] = set()
        self._to_verify: list[str] = []
        self._listed = 0
        self._changed: set[int] = set()

    def __len__(self) -> int:
        return len(self._numbers)

    @property
    def big(self) -> bool:
        """Return whether all of it is too much to be read for one change."""
        return len(self._numbers) >= BIG

    def holds(self, inode: int) -> bool:
        """Return whether a socket is among the files."""
        return inode in self._where

    def sockets(self) -> Iterable[int]:
        """Return the inodes of all sockets."""
        return self._where.keys()

    def doubt(self, inode: int) -> None:
        """Take note that a socket is no more: its numbers are free, or stand for something else."""
        self._doubtful.update(self._others.get(inode, ()), [self._where[inode]] if inode in self._where else ())

    @property
    def changed(self) -> bool:
        """Return whether sockets came or went since they were taken."""
        return bool(self._changed)

    def take_changed(self) -> set[int]:
        """Return the sockets that came or went since the last call."""
        changed, self._changed = self._changed, set()
        return changed

    def list(self, names: Iterable[str], alive: Container[int] | None, ask: Ask, now: int) -> None:
        """Take the numbers that are open. Those known to be a socket that is `alive` stay, of a big table what is no
        socket as well; for all others, and when `alive` is None for every one, it is asked.
        """
        known, found = self._numbers, {}
        trusted = NO_SOCKET if self.big else None
        for name in names:
            inode = known.get(name) if alive is not None else None
            if inode is None or (inode != trusted and inode not in alive):  # type: ignore[operator]
                inode = ask(name)
            if inode is not None:
                found[name] = inode
        if found != known:
            for name in known.keys() - found.keys():
                self._put(name, None)
            for name, inode in found.items() - known.items():
                self._put(name, inode)
        self._doubtful.clear()
        self._listed = now
        if self.big:
            self._top = len(found) + MOST_MISSES
            self._free = [number for number in range(self._top) if str(number) not in found]

    def may_list(self, now: int) -> bool:
        """Return whether it is time to list all numbers again."""
        return now - self._listed >= len(self._numbers) // LISTED

    def follow(self, count: int, ask: Ask) -> bool:
        """Ask for numbers in doubt and for the lowest free ones; return whether that explains how many are open."""
        doubtful, self._doubtful = self._doubtful, set()
        for name in doubtful:
            self._put(name, ask(name))
        missed: list[int] = []
        while len(self._numbers) < count and len(missed) < MOST_MISSES:
            number = heappop(self._free) if self._free else self._top
            self._top = max(self._top, number + 1)
            name = str(number)
            if name in self._numbers:
                continue
            inode = ask(name)
            if inode is None:
                missed.append(number)
            else:
                self._put(name, inode)
        for number in missed:
            heappush(self._free, number)
        return len(self._numbers) == count

    def verify(self, ask: Ask) -> None:
        """Ask again for some numbers, those that changed last first, and for others the next time."""
        if not self._to_verify:
            self._to_verify = list(self._numbers)
        for name in self._to_verify[-VERIFIED:]:
            if name in self._numbers:
                self._put(name, ask(name))
        del self._to_verify[-VERIFIED:]

    def _put(self, name: str, inode: int | None) -> None:
        before = self._numbers.get(name)
        if before == inode:
            return
        if before:
            self._take_away(name, before)
        if inode is None:
            del self._numbers[name]
            heappush(self._free, int(name))
            return
        self._numbers.pop(name, None)  # so that what changed last comes last
        self._numbers[name] = inode
        if inode == NO_SOCKET:
            return
        if inode in self._where:
            self._others.setdefault(inode, set()).add(name)
        else:
            self._where[inode] = name
            self._changed.add(inode)

    def _take_away(self, name: str, inode: int) -> None:
        others = self._others.get(inode)
        if others is None:
            del self._where[inode]
            self._changed.add(inode)
            return
        others.discard(name)
        if self._where[inode] == name:
            self._where[inode] = others.pop()
        if not others:
            del self._others[inode]

import os
import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from collectors.fd_table import BIG, LISTED, MOST_MISSES, FdTable
from collectors.open_files import OpenFiles


class Kernel:
    """The open files of a process, numbered as the kernel does; what is asked for is counted."""

    def __init__(self, files: int) -> None:
        self.open = dict.fromkeys(map(str, range(files)), 0)
        self.alive: set[int] = set()
        self.asked = 0
        self.last = 0

    def new(self, *, is_socket: bool) -> None:
        number = next(str(number) for number in range(len(self.open) + 1) if str(number) not in self.open)
        self.last += is_socket
        self.open[number] = self.last if is_socket else 0
        if is_socket:
            self.alive.add(self.last)

    def dup(self, number: str) -> None:
        self.new(is_socket=False)
        self.open[list(self.open)[-1]] = self.open[number]

    def close(self, number: str) -> None:
        """Close a file, and a socket under all its numbers."""
        inode = self.open.pop(number)
        if inode:
            self.open = {number: held for number, held in self.open.items() if held != inode}
            self.alive.discard(inode)

    def ask(self, number: str) -> int | None:
        self.asked += 1
        return self.open.get(number)

    def sockets(self) -> set[int]:
        return set(self.open.values()) - {0}


@pytest.mark.parametrize("seed", range(6))
def test_a_listing_and_a_following_know_what_is_open(seed: int) -> None:
    chance, kernel, table = random.Random(seed), Kernel(chance_size(seed)), FdTable()
    table.list(kernel.open, None, kernel.ask, 0)
    changed: set[int] = set()
    for now in range(1, 40):
        before = kernel.sockets()
        for _ in range(chance.randrange(6)):
            deed = chance.random()
            numbers = [number for number, inode in kernel.open.items() if inode]
            if deed < 0.3 and numbers:
                number = chance.choice(numbers)
                table.doubt(kernel.open[number])
                kernel.close(number)
            elif deed < 0.4 and numbers:
                kernel.dup(chance.choice(numbers))
            else:
                kernel.new(is_socket=deed < 0.8)
        if not table.big or not table.follow(len(kernel.open), kernel.ask):
            table.list(kernel.open, kernel.alive, kernel.ask, now)
        changed = table.take_changed()
        assert set(table.sockets()) == kernel.sockets()
        assert kernel.sockets() ^ before <= changed
        assert len(table) == len(kernel.open)


def chance_size(seed: int) -> int:
    return (3, BIG - 5, BIG + 200)[seed % 3]


def test_what_one_change_costs_does_not_grow_with_what_is_open() -> None:
    costs = []
    for files in (2 * BIG, 20 * BIG):
        kernel, table = Kernel(files), FdTable()
        table.list(kernel.open, None, kernel.ask, 0)
        kernel.asked = 0
        kernel.new(is_socket=True)
        assert table.follow(len(kernel.open), kernel.ask)
        assert table.holds(kernel.last)
        costs.append(kernel.asked)
    assert costs[0] == costs[1] <= MOST_MISSES


def test_files_that_were_closed_are_looked_for_now_and_then_only() -> None:
    kernel, table = Kernel(10 * LISTED), FdTable()
    table.list(kernel.open, None, kernel.ask, 0)
    kernel.close("700")

    assert not table.follow(len(kernel.open), kernel.ask)
    assert not table.may_list(9)
    assert table.may_list(10)
    kernel.asked = 0
    table.list(kernel.open, kernel.alive, kernel.ask, 10)
    assert kernel.asked == 0
    kernel.new(is_socket=True)
    assert table.follow(len(kernel.open), kernel.ask)
    assert kernel.asked == 1  # the lowest number that is free


def test_a_number_that_passed_to_a_socket_is_found_in_the_end() -> None:
    kernel, table = Kernel(30 * LISTED), FdTable()
    table.list(kernel.open, None, kernel.ask, 0)
    kernel.close("9")
    kernel.new(is_socket=True)
    assert kernel.open["9"]
    for _ in range(10):
        table.verify(kernel.ask)
        if table.holds(kernel.last):
            return
    pytest.fail("it was not asked for")


@contextmanager
def many_open(count: int) -> Iterator[list[int]]:
    held = [os.open("/dev/null", os.O_RDONLY) for _ in range(count)]
    try:
        yield held
    finally:
        for number in held:
            os.close(number)


def test_a_process_with_very_many_files_owns_a_socket_the_moment_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    pid, starts = os.getpid(), {os.getpid(): 1}
    files = OpenFiles("/proc", starts.get)
    monkeypatch.setattr(files, "_own", 0)  # as any other process
    with many_open(BIG + 100):
        files.keep(starts)
        files.read([pid], {})
        with socket.create_server(("127.0.0.1", 0)) as server:
            inode = os.fstat(server.fileno()).st_ino
            assert files.changed([pid]) == [pid]
            files.read([pid], {inode: 1})
            assert files.holders[inode] == {(pid, 1)}
            assert files.changed([pid]) == []
        files.keep(starts, [inode])
        files.read(files.changed([pid]), {})
        assert inode not in files.holders

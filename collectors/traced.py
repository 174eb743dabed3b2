"""What the programs report: who owns a socket, and what that process is (collectors/bpf_programs.py)."""

import os
import struct
from enum import IntEnum
from typing import NamedTuple

OWNED = struct.Struct("=IIIIQQ")  # kind, pid, network namespace, 0, cookie, start in ns since boot
# Kind, pid, start, parent, user, network namespace, together, control group, length of arguments, 0, name.
STARTED = struct.Struct("=IIQIIIIQII16s")
ARGUMENTS = 1_024  # bytes of a command line
COMM_BYTES = 16
COMM_AT, ARGUMENTS_AT = STARTED.size - COMM_BYTES, STARTED.size
TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
_OWNING = struct.Struct("=4xII4xQQ").unpack_from
_BUSY, _DISCARDED = 1 << 31, 1 << 30
_HEADER = struct.Struct("=I4xI").unpack_from  # of a record in the ring, and its kind
_HEADER_BYTES, _LEAST = 8, 12


class Kind(IntEnum):
    """Kinds of records: what a process did with a socket before any other one, or that it started."""

    CONNECTED = 1
    READ = 2
    CLOSED = 3
    STARTED = 4


_WORK = frozenset({Kind.CONNECTED, Kind.READ, Kind.CLOSED})
Process = tuple[int, int]  # pid, start in ticks since boot
Owner = tuple[int, Process]  # the cookie of a socket, and who worked on it


class Started(NamedTuple):
    """A process as it was when it first worked on a socket, or did so after it executed another program."""

    pid: int
    start: int  # ticks since boot
    parent: int
    uid: int
    netns: int
    together: bool  # it is in the control groups of its parent
    cgroup: int  # its number in the hierarchy of version 2
    comm: bytes
    arguments: bytes  # those that are whole


class Records:
    """The content of the ring, read."""

    def __init__(self) -> None:
        self.owners: dict[int, list[Owner]] = {}
        """By the network namespace of the socket."""
        self.started: list[Started] = []
        self.count = 0
        self.unread = 0
        """Records that are none."""

    def read(self, data: bytes) -> int:
        """Take the records at the front of some bytes; return where the first is that is not written yet."""
        at, size, owners = 0, len(data), self.owners
        while at + _LEAST <= size:
            word, kind = _HEADER(data, at)
            length = word & ~(_BUSY | _DISCARDED)
            begin = at + _HEADER_BYTES
            end = begin + (length + 7 & ~7)
            if word & _BUSY or end > size:
                break
            at = end
            if word & _DISCARDED:
                continue
            self.count += 1
            if length == OWNED.size and kind in _WORK:
                pid, netns, cookie, start = _OWNING(data, begin)
                owners.setdefault(netns, []).append((cookie, (pid, start // TICK_NS)))
            elif found := _started(data[begin : begin + length]):
                self.started.append(found)
            else:
                self.unread += 1
        return at


def _started(record: bytes) -> Started | None:
    """Read a record; None if it is none."""
    if len(record) != STARTED.size + ARGUMENTS:
        return None
    kind, pid, start, parent, uid, netns, together, cgroup, length, _, comm = STARTED.unpack_from(record)
    if kind != Kind.STARTED:
        return None
    arguments = record[ARGUMENTS_AT : ARGUMENTS_AT + min(length, ARGUMENTS)]
    if length > ARGUMENTS:  # a secret without its end would not be known as one
        arguments = arguments[: arguments.rfind(b"\0") + 1]
    name = comm.partition(b"\0")[0]
    return Started(pid, start // TICK_NS, parent, uid, netns, bool(together), cgroup, name, arguments)

"""What the programs report: who owns a socket, and what that process is (collectors/bpf_programs.py)."""

import os
import struct
from collections import defaultdict
from enum import IntEnum
from typing import NamedTuple

from collectors.bpf_ring import BUSY, DISCARDED, HEADER_BYTES, LENGTH

OWNED = struct.Struct("=IIIIQQ")  # kind, pid, network namespace, 0, cookie, start in ns since boot
# Kind, pid, start, parent, user, network namespace, together, control group, length of arguments, 0, name.
STARTED = struct.Struct("=IIQIIIIQII16s")
# The fields of Ended.
ENDED = struct.Struct("=IIQHHHH16s16sIIQIIIIQQ")
# Flags: the peer's FIN has come, this end has connected, it has been accepted; and from a bit on the state before.
DONE, OPENED, ACCEPTED, STATE_SHIFT = 1, 2, 4, 8
ARGUMENTS = 1_024  # bytes of a command line
COMM_BYTES = 16
COMM_AT, ARGUMENTS_AT = STARTED.size - COMM_BYTES, STARTED.size
TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
_OWNING = struct.Struct("=4xII4xQQ").unpack_from
_ENDING = ENDED.unpack_from
_OWNED, _ENDED = OWNED.size, ENDED.size
_HEADER = struct.Struct("=I4xI").unpack_from  # of a record in the ring, and its kind
_LEAST = 12


class Kind(IntEnum):
    """Kinds of records: what a process did with a socket before any other one, or that it started."""

    CONNECTED = 1
    READ = 2
    CLOSED = 3
    STARTED = 4
    ENDED = 5


_WORK = frozenset(map(int, (Kind.CONNECTED, Kind.READ, Kind.CLOSED)))
_IS_ENDED = int(Kind.ENDED)
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


class Ended(NamedTuple):
    """A connection that is over, or a listener."""

    kind: int
    netns: int
    cookie: int
    family: int
    local_port: int
    remote_port: int
    flags: int
    local_address: bytes
    remote_address: bytes
    rtt_us_8: int  # eight times the smoothed round trip
    resent_segments: int
    received: int  # bytes, the peer's FIN counts one
    segments_out: int
    segments_in: int
    min_rtt_us: int
    out_of_order: int
    sent: int  # bytes, resent ones twice
    resent: int


class Records:
    """The content of the ring, read."""

    def __init__(self) -> None:
        self.owners: defaultdict[int, list[Owner]] = defaultdict(list)
        """By the network namespace of the socket."""
        self.started: list[Started] = []
        self.ended: defaultdict[int, list[Ended]] = defaultdict(list)
        """By the network namespace of the socket."""
        self._processes: dict[Process, Process] = {}  # each once: there are many sockets
        self.unread = 0
        """Records that are none."""

    def read(self, data: bytes) -> int:
        """Take the records at the front of some bytes; return where the first is that is not written yet."""
        at, size = 0, len(data)
        header, owning, ending, make, ticks = _HEADER, _OWNING, _ENDING, Ended._make, TICK_NS
        owners, ended, once = self.owners, self.ended, self._processes.setdefault
        while at + _LEAST <= size:
            word, kind = header(data, at)
            begin = at + HEADER_BYTES
            end = begin + ((word & LENGTH) + 7 & ~7)
            if end > size or word & BUSY:
                break
            at = end
            if word == _OWNED and kind in _WORK:
                pid, netns, cookie, start = owning(data, begin)
                process = (pid, start // ticks)
                owners[netns].append((cookie, once(process, process)))
            elif word == _ENDED and kind == _IS_ENDED:
                one = make(ending(data, begin))
                ended[one.netns].append(one)
            elif word & DISCARDED:
                continue
            elif found := _started(data[begin : begin + word]):
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

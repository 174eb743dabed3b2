"""For how long the threads of a process could run and had to wait for a CPU: delay accounting, by taskstats.

The kernel adds up all threads of a process, those that have ended among them (Documentation/accounting/taskstats.rst).
/proc/PID/schedstat has the same of the first thread alone. A process costs 5 us. It needs CAP_NET_ADMIN, the host's own
user and network namespaces, and a kernel with CONFIG_TASKSTATS.
"""

import socket
import struct

from collectors import netlink
from collectors.growth import Growth

GENERIC, _CONTROLLER = 16, 0x10  # NETLINK_GENERIC and the family that names families (linux/genetlink.h)
_GET_FAMILY, _FAMILY_ID, _FAMILY_NAME = 3, 1, 2
_GET, _TGID, _STATS, _AGGREGATE = 1, 2, 3, 5  # linux/taskstats.h
_HEADER = struct.Struct("=BBH")  # command, version
_BODY_AT = netlink.HEADER.size + _HEADER.size
_PID, _FAMILY = struct.Struct("=I"), struct.Struct("=H")
_DELAY = struct.Struct("=Q")
_DELAY_AT = 24  # of cpu_delay_total in struct taskstats, nanoseconds
WHAT = "waits of processes for a CPU"


def parse_delay(reply: bytes) -> int | None:
    """Return the nanoseconds in a reply of taskstats; None where it has none."""
    for kind, at, length in netlink.attributes(reply, _BODY_AT, len(reply)):
        if kind != _AGGREGATE:
            continue
        for inner, stats, size in netlink.attributes(reply, at, at + length):
            if inner == _STATS and size >= _DELAY_AT + _DELAY.size:
                (delay,) = _DELAY.unpack_from(reply, stats + _DELAY_AT)
                return int(delay)
    return None


class RunDelay:
    """Reads processes, and takes the difference to the reading before; the first one of a process gives nothing."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._family = 0
        self._growth: dict[int, tuple[int, Growth[int]]] = {}  # by pid, with the start of the process

    def missing(self) -> dict[str, str]:
        """Return what cannot be seen."""
        if self._socket is not None:
            return {}
        return {WHAT: "CAP_NET_ADMIN on the host itself, and a kernel with CONFIG_TASKSTATS"}

    def open(self) -> None:
        """Ask for the family's number, and whether it answers us."""
        try:
            self._socket = netlink.open_socket(GENERIC)
            name = _attribute(_FAMILY_NAME, b"TASKSTATS\0")
            reply = netlink.ask(self._socket, _CONTROLLER, _HEADER.pack(_GET_FAMILY, 1, 0) + name)
            self._family = _family(reply or b"")
            if self._read(1) is None:
                self.close()
        except OSError:
            self.close()

    def of(self, pid: int, start: int) -> int:
        """Return the nanoseconds that a process has waited since it was read before."""
        if self._socket is None:
            return 0
        known = self._growth.get(pid)
        if known is None or known[0] != start:
            known = self._growth[pid] = start, Growth()
        try:
            return known[1].to(self._read(pid))
        except OSError:  # it is gone
            return 0

    def forget(self, pid: int) -> None:
        """Forget a process that has ended."""
        self._growth.pop(pid, None)

    def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _read(self, pid: int) -> int | None:
        assert self._socket is not None
        reply = netlink.ask(self._socket, self._family, _HEADER.pack(_GET, 1, 0) + _attribute(_TGID, _PID.pack(pid)))
        return parse_delay(reply) if reply else None


def _attribute(kind: int, value: bytes) -> bytes:
    length = netlink.ATTRIBUTE.size + len(value)
    return netlink.ATTRIBUTE.pack(length, kind) + value + bytes(-length % 4)


def _family(reply: bytes) -> int:
    for kind, at, length in netlink.attributes(reply, _BODY_AT, len(reply)):
        if kind == _FAMILY_ID and length >= _FAMILY.size:
            (number,) = _FAMILY.unpack_from(reply, at)
            return int(number)
    raise OSError("the kernel has no taskstats")

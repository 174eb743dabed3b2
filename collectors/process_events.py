"""Process events as they happen: the proc connector (include/uapi/linux/cn_proc.h).

It gives exit codes, and the moment a process executes another program. Before Linux 6.6 it needs CAP_NET_ADMIN, and
everywhere the initial pid and network namespaces; without it, exits are found by scanning, their codes unknown.
"""

import errno
import os
import socket
import struct
from collections.abc import Container
from typing import NamedTuple

from collectors import netlink
from collectors.visibility import is_initial

CN_IDX_PROC = 1
PROC_CN_MCAST_LISTEN = 1
EXEC, EXIT = 0x2, 0x8000_0000
_CONNECTOR = struct.Struct("=IIIIHH")  # struct cn_msg: index, value, sequence, acknowledgement, length, flags
_EVENT = struct.Struct("=IIQ")  # struct proc_event: what, cpu, nanoseconds of CLOCK_MONOTONIC
_EVENT_AT = netlink.HEADER.size + _CONNECTOR.size
_DATA_AT = _EVENT_AT + _EVENT.size


class Exit(NamedTuple):
    """A process ended; `status` as waitpid gives it, `at_ns` on the monotonic clock."""

    pid: int
    status: int
    at_ns: int


class Exec(NamedTuple):
    """A process executes another program."""

    pid: int


def parse_event(message: bytes, headless: Container[int] = ()) -> Exit | Exec | None:
    """Read a message; None for events of others than processes, and of threads unless they are of a `headless` process:
    one whose first thread has ended, which ends with its last one.
    """
    if len(message) < _DATA_AT + 8:
        return None
    what, _, at_ns = _EVENT.unpack_from(message, _EVENT_AT)
    pid, process = struct.unpack_from("=II", message, _DATA_AT)
    if what == EXEC and pid == process:
        return Exec(pid)
    if what == EXIT and (pid != process) == (process in headless) and len(message) >= _DATA_AT + 12:
        (status,) = struct.unpack_from("=I", message, _DATA_AT + 8)
        return Exit(process, status, at_ns)
    return None


class ProcessEvents:
    """A subscription to the proc connector."""

    def __init__(self, buffer_bytes: int) -> None:
        self._buffer_bytes = buffer_bytes
        self._socket: socket.socket | None = None
        self.overruns = 0

    @property
    def subscribed(self) -> bool:
        """Return whether events come."""
        return self._socket is not None

    def open(self) -> None:
        """Subscribe, where that is allowed: in a container the kernel accepts that and sends nothing."""
        if not (is_initial("pid") and is_initial("user")):
            return
        try:
            self._socket = netlink.open_socket(netlink.CONNECTOR, CN_IDX_PROC, self._buffer_bytes)
            self._socket.send(_subscription(PROC_CN_MCAST_LISTEN))
            self._socket.send(_subscription(PROC_CN_MCAST_LISTEN, EXEC | EXIT))  # a filter, ignored before Linux 6.6
            self._socket.setblocking(False)
        except OSError:
            self.close()

    def drain(self, headless: Container[int] = ()) -> list[Exit | Exec]:
        """Return the events that came since, given the processes whose first thread has ended."""
        events: list[Exit | Exec] = []
        while self._socket is not None:
            try:
                event = parse_event(self._socket.recv(netlink.CHUNK), headless)
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                self.overruns += 1
                continue
            if event is not None:
                events.append(event)
        return events

    def close(self) -> None:
        """Unsubscribe."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _subscription(*values: int) -> bytes:
    payload = struct.pack(f"={len(values)}I", *values)
    body = _CONNECTOR.pack(CN_IDX_PROC, 1, 0, 0, len(payload), 0) + payload
    return netlink.HEADER.pack(netlink.HEADER.size + len(body), netlink.NLMSG_DONE, 0, 0, os.getpid()) + body

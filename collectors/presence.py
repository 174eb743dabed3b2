"""Whether another agent of the same host id and log runs in this network namespace: both bind one abstract socket.

The kernel gives the name to one process and takes it back when that ends, however it does. Nothing is sent and nothing
is left behind. Any user may take any name, so only root and our own user are believed (SO_PEERCRED, unix(7)).
"""

import os
import socket
import struct
from typing import NamedTuple
from zlib import crc32

_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid
PREFIX = b"servicemap-collect-"
BACKLOG = 16
LONGEST = 64  # bytes; a name has at most 107
UNKNOWN = 1  # pid of one in another pid namespace


class Company(NamedTuple):
    """Who else is there: this agent is `alone` for certain, or `beside` the one with a pid, or neither is known."""

    alone: bool = False
    beside: int = 0


class Presence:
    """The name that agents of one host id and log take. Looked at once a window."""

    def __init__(self, host_id: str, log: str) -> None:
        name = f"{host_id}\0{log}".encode()
        self._name = b"\0%s%08x-%s" % (PREFIX, crc32(name), name[-LONGEST:])  # hashlib would cost 4 MiB
        self._held: socket.socket | None = None

    def look(self) -> Company:
        """Take the name if it is free; return who is there."""
        if self._held is not None or self._take():
            self._hang_up()
            return Company(alone=True)
        return Company(beside=self._holder())

    def close(self) -> None:
        """Give the name back."""
        if self._held is not None:
            self._held.close()
            self._held = None

    def _take(self) -> bool:
        held = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            held.bind(self._name)
            held.listen(BACKLOG)
        except OSError:
            held.close()
            return False
        self._held = held
        return True

    def _hang_up(self) -> None:
        """Close what others have opened to see who is here."""
        assert self._held is not None
        for _ in range(BACKLOG):
            try:
                self._held.accept()[0].close()
            except OSError:
                return

    def _holder(self) -> int:
        """Return the pid of who has the name; 0 when that is not known, or no agent of ours."""
        return _holder(self._name)


def names_of_agents(table: bytes) -> list[bytes]:
    """Return the names that agents, or those who pass for one, have taken: `table` is /proc/PID/net/unix.

    It shows the zero bytes of a name as @ (net/unix/af_unix.c, unix_seq_show).
    """
    lines = (line for line in table.split(b"\n") if b"@" + PREFIX in line) if PREFIX in table else ()
    return [line[line.index(b"@" + PREFIX) :].replace(b"@", b"\0") for line in lines]


def is_agent(name: bytes) -> bool:
    """Return whether an agent that we believe listens under a name in this network namespace."""
    return _holder(name) != 0


def _holder(name: bytes) -> int:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as asking:
        try:
            asking.connect(name)
            credentials = asking.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        except OSError:
            return 0
    pid, uid, _ = _CREDENTIALS.unpack(credentials)
    return (pid or UNKNOWN) if uid in {0, os.geteuid()} else 0

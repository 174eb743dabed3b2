"""The last counters of every socket that closes: the multicast groups of sock_diag.

The kernel sends a message when a socket's memory is freed, with the same cookie that dumps show (Linux 4.3 and later;
net/core/sock_diag.c, sock_diag_broadcast_destroy). No privilege is needed, only more buffer comes with CAP_NET_ADMIN.
"""

import errno
import socket
import time
from collections.abc import Callable
from typing import NamedTuple

from collectors import netlink
from collectors.diag import Final, Identity, Plain, final, identity, plain

GROUPS = 0b1111  # TCP, UDP, TCP over IPv6, UDP over IPv6
UDP_GROUPS = (2, 8)
MOST_KEPT = 500_000
DRAIN_EVERY = 4_096  # messages worked on before more are looked for: a busy host would fill the buffer meanwhile


class Closed(NamedTuple):
    """A TCP socket that was destroyed, with its last counters."""

    final: Final
    identity: Identity
    at: float  # when the message was read, in seconds of the monotonic clock


class Destroyed:
    """Reads the destroy groups between windows; what it cannot hold or the kernel dropped is counted."""

    def __init__(self, buffer_bytes: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._buffer_bytes = buffer_bytes
        self._monotonic = monotonic
        self._socket: socket.socket | None = None
        self._messages: list[tuple[bytes, int, float]] = []
        self.reliable = False
        self.overruns = 0
        self.dropped = 0

    @property
    def subscribed(self) -> bool:
        """Return whether the kernel sends events at all."""
        return self._socket is not None

    def fileno(self) -> int:
        """Return the descriptor that becomes readable with the next message; -1 when the kernel sends none."""
        return -1 if self._socket is None else self._socket.fileno()

    def open(self, *, tcp: bool = True) -> None:
        """Subscribe; without the groups, sockets close by vanishing from the dump. Without `tcp`, to those of UDP."""
        try:
            self._socket = netlink.open_socket(
                netlink.SOCK_DIAG, GROUPS if tcp else sum(UDP_GROUPS), self._buffer_bytes
            )
        except OSError:
            return
        self._socket.setblocking(False)
        self.reliable = True

    def drain(self) -> None:
        """Take the waiting messages out of the kernel's buffer."""
        now = self._monotonic()
        while self._socket is not None:
            try:
                message, address = self._socket.recvfrom(netlink.CHUNK)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                self.overruns += 1
                self.reliable = False
                continue
            if len(self._messages) < MOST_KEPT:
                self._messages.append((message, address[1], now))
            else:
                self.dropped += 1
                self.reliable = False

    def take(self) -> tuple[list[Closed], list[Plain], bool]:
        """Return the TCP sockets and the UDP sockets that closed, and whether none is missing."""
        tcp: list[Closed] = []
        udp: list[Plain] = []
        messages, self._messages = self._messages, []
        reliable, self.reliable = self.reliable, self.subscribed
        for nth, (message, group, at) in enumerate(messages, 1):
            if nth % DRAIN_EVERY == 0:
                self.drain()
            if group in UDP_GROUPS:
                udp.append(plain(message, 0, socket.IPPROTO_UDP))
            elif last := final(message):
                tcp.append(Closed(last, identity(message, 0), at))
        return tcp, udp, reliable

    def close(self) -> None:
        """Unsubscribe."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

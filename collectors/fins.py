"""Sockets of which a dump does not show whether the peer's FIN is counted.

The kernel reads the state of a socket before its counters (net/ipv4/inet_diag.c, inet_sk_diag_fill), and the FIN, which
counts as a byte, may come in between. A socket that has had no acknowledgement for a while has had no FIN either. Of
the others, the state is asked for again: if it shows no FIN even now, none was counted.
"""

import socket
import struct
from collections.abc import Iterable

from collectors import diag
from collectors.closing import FIN_CAME
from collectors.diag import Identity, Row

MOST_LOOKUPS = 1_000  # a dump, 12 us each
RECENT_MS = 50  # the kernel may leave the reader waiting in between, and counts in ticks of up to 10 ms
_LAST_ACKNOWLEDGED = 56  # struct tcp_info, tcpi_last_ack_recv
_BEFORE_FIN = frozenset((diag.ESTABLISHED, diag.SYN_SENT, diag.FIN_WAIT1, diag.FIN_WAIT2))
_u32 = struct.Struct("=I").unpack_from


def may_have_come(row: Row, chunk: bytes, info: int) -> bool:
    """Return whether the FIN of a peer may be counted that the state does not show; `info` is where tcp_info begins."""
    state, received = row[0], row[6]  # plain tuples
    return received > 0 and state not in FIN_CAME and _u32(chunk, info + _LAST_ACKNOWLEDGED)[0] <= RECENT_MS


def doubtful(sock: socket.socket, found: Iterable[tuple[int, Identity]]) -> set[int]:
    """Return the cookies of those that may have a FIN counted, given the ones of which it may have come."""
    return {
        cookie
        for nth, (cookie, identity) in enumerate(found)
        if nth >= MOST_LOOKUPS or not _open_still(sock, cookie, identity)
    }


def _open_still(sock: socket.socket, cookie: int, identity: Identity) -> bool:
    found = diag.find(sock, identity)
    return found is not None and found.cookie == cookie and found.state in _BEFORE_FIN

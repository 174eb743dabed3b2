"""Connections that are over, as the programs report them (collectors/bpf_endings.py): addresses and last counters."""

import socket
import sys
from collections.abc import Callable, Iterable

from collectors.closing import Flow
from collectors.diag import CLOSE, LISTEN, UNKNOWN_RTT, Identity, Plain, Row, address
from collectors.traced import ACCEPTED, DONE, OPENED, STATE_SHIFT, Ended
from collectors.tracked import UNKNOWN_UID, ConnectionRow
from collectors.window import Window

TCP = socket.IPPROTO_TCP
_NO_TOTALS = (0, 0)
_QUEUED = 0  # bytes: that is of Unix sockets alone
_SOCKET = 0  # that is of UDP alone
_KNOWN = OPENED | ACCEPTED


def listeners(ended: Iterable[Ended]) -> list[Plain]:
    """Return the listeners among them."""
    return [Plain(TCP, one.cookie, CLOSE, 0, 0, Identity(*flow_of(one), 0)) for one in ended if listened(one)]


def listened(one: Ended) -> bool:
    """Return whether it was a listener."""
    return one.flags >> STATE_SHIFT == LISTEN


def flow_of(one: Ended) -> Flow:
    """Return its addresses and ports."""
    local, remote = address(one.family, one.local_address), address(one.family, one.remote_address)
    return Flow(local, one.local_port, remote, one.remote_port)


def ports(one: Ended) -> int:
    """Return both ports as a Row has them."""
    return int.from_bytes(one.local_port.to_bytes(2, "big") + one.remote_port.to_bytes(2, "big"), sys.byteorder)


def established(one: Ended) -> bool:
    """Return whether there was a connection."""
    return one.min_rtt_us != UNKNOWN_RTT


def received(one: Ended) -> int:
    """Return the payload bytes that it received."""
    return one.received - (one.flags & DONE)


def row(one: Ended) -> Row:
    """Return its counters."""
    return Row(
        CLOSE,
        ports(one),
        one.cookie,
        0,
        one.rtt_us_8 >> 3,
        one.resent_segments,
        one.received,
        one.segments_out,
        one.segments_in,
        one.min_rtt_us,
        one.sent,
        one.resent,
        one.out_of_order,
    )


def brief(one: Ended, window: Window, accepts: Callable[[str, int], bool]) -> ConnectionRow:
    """Return the row of a connection that was opened in this window too."""
    _, _, cookie, family, local_port, remote_port, flags, local, remote, *counted = one
    rtt_us_8, resent_segments, got, segments_out, segments_in, least, out_of_order, sent, resent = counted
    here, known = address(family, local), least != UNKNOWN_RTT
    connected = bool(flags & OPENED) if flags & _KNOWN else not accepts(here, local_port)
    ends = (cookie, TCP, here, local_port, address(family, remote), remote_port)
    happened = (CLOSE, UNKNOWN_UID, window.start, True, True, not connected, True, connected and not known)
    got, sent, times = got - (flags & DONE), sent - resent, (rtt_us_8 >> 3, least if known else 0)
    segments = (segments_out, segments_in, resent_segments, out_of_order)
    totals = (sent, got) if window.keyframe else _NO_TOTALS
    return ConnectionRow._make((*ends, *happened, sent, got, *segments, *times, _QUEUED, *totals, _SOCKET))

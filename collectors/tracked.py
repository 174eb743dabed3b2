"""A TCP socket from window to window: what was reported of it, and the row that reports what is new."""

import socket
from dataclasses import dataclass
from typing import NamedTuple

from collectors import diag
from collectors.closing import FIN_CAME
from collectors.diag import Identity, Row
from collectors.window import Window

UNKNOWN_UID = -1  # of a socket whose user the kernel does not name: in its last word on one, and of Unix sockets
NOTHING = Row(*[0] * len(Row._fields))
_U32 = 0xFFFF_FFFF


class ConnectionRow(NamedTuple):
    """A row of schemas.raw.Connections."""

    cookie: int
    transport: int
    local_address: str
    local_port: int
    remote_address: str
    remote_port: int
    state: int
    uid: int
    since: int
    opened: bool
    fresh: bool
    accepted: bool
    closed: bool
    failed: bool
    sent_bytes: int = 0
    received_bytes: int = 0
    sent_segments: int = 0
    received_segments: int = 0
    retransmits: int = 0
    out_of_order_segments: int = 0
    rtt_us: int = 0
    min_rtt_us: int = 0
    queued_bytes: int = 0
    sent_total: int = 0
    received_total: int = 0
    socket: int = 0


@dataclass(slots=True)
class Tracked:
    """A socket as it was last reported."""

    identity: Identity
    since: int  # window in which this run first saw it, ms
    fresh: bool  # it was opened in this run
    opener: bool  # it sent the SYN, as the wire showed; else nobody listened on its port when it was first seen
    row: Row = NOTHING
    last: Row | None = None  # as the scan saw it after which it closed, if it did
    sent: int = 0  # payload since it was opened
    received: int = 0
    vanished: int = 0  # windows since it left the dump without an event
    over: bool = False  # its closing was reported, which counts once; its last bytes may come later

    def baseline(self, row: Row) -> None:
        """Take the counters as they are, so that the next row has what came since."""
        self.row, self.sent, self.received = row, diag.sent_payload(row, self.opener), received(row)

    def adds(self, row: Row, got: int) -> bool:
        """Return whether counters exceed what was reported."""
        return got > self.received or diag.sent_payload(row, self.opener) > self.sent

    def report(
        self, window: Window, row: Row, got: int, *, closed: bool = False, failed: bool = False
    ) -> ConnectionRow:
        """Return the row of a window, given the payload bytes received since the socket was opened."""
        last, sent = self.row, max(diag.sent_payload(row, self.opener), self.sent)
        closed, self.over = closed and not self.over, closed or self.over
        reported = ConnectionRow(
            row.cookie,
            socket.IPPROTO_TCP,
            *self.identity[:4],
            state=row.state,
            uid=self.identity.uid,
            since=self.since,
            opened=self.fresh and self.since == window.start,
            fresh=self.fresh,
            accepted=not self.opener,
            closed=closed,
            failed=failed,
            sent_bytes=sent - self.sent,
            received_bytes=max(got - self.received, 0),
            sent_segments=(row.segments_out - last.segments_out) & _U32,
            received_segments=(row.segments_in - last.segments_in) & _U32,
            retransmits=(row.resent_segments - last.resent_segments) & _U32,
            out_of_order_segments=(row.out_of_order - last.out_of_order) & _U32,
            rtt_us=row.rtt_us,
            min_rtt_us=0 if row.min_rtt_us == diag.UNKNOWN_RTT else row.min_rtt_us,
            sent_total=sent * window.keyframe,
            received_total=max(got, self.received) * window.keyframe,
        )
        self.row, self.sent, self.received = row, sent, max(got, self.received)
        return reported


def received(row: Row) -> int:
    """Return the payload bytes a socket in a dump received: its state shows whether the peer's FIN is counted."""
    return row.received - (row.state in FIN_CAME)


def udp_row(
    cookie: int, identity: Identity, since: int, window: int, *, fresh: bool, closed: bool = False
) -> ConnectionRow:
    """Return the row of a connected UDP socket, of which the kernel counts nothing."""
    state = diag.CLOSE if closed else diag.ESTABLISHED
    return ConnectionRow(
        cookie,
        socket.IPPROTO_UDP,
        *identity[:4],
        state=state,
        uid=identity.uid,
        since=since,
        opened=fresh and since == window,
        fresh=fresh,
        accepted=False,
        closed=closed,
        failed=False,
    )

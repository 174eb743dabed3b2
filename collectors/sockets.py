"""Connections: what every socket with a peer sent and received in the window, to the byte.

Sockets that live from scan to scan are told by the difference of two dumps; those that close, even within the window,
by the last counters the kernel sends when a socket is destroyed.
"""

from collectors import diag
from collectors.closing import Flow, peer_of, received_payload, sent_of
from collectors.destroyed import DRAIN_EVERY, Closed
from collectors.diag import UNKNOWN_RTT, Identity, Row
from collectors.socket_scan import Seen, SocketScan
from collectors.tracked import ConnectionRow, Tracked, received
from collectors.udp import UdpPeers
from collectors.window import Window
from schemas.raw import ConnectionBatch, Connections
from schemas.topics import CONNECTIONS

UNKNOWN_UID = -1  # the kernel's last word on a socket does not name its user
SLACK_MS = 50
LINGER_WINDOWS = 12
MOST_LOOKUPS = 1_000  # a window, 12 us each
BASELINE = -1


class SocketCollector:
    """Reports connections. Those that exist at the first scan are the baseline: they begin with nothing."""

    topic = CONNECTIONS

    def __init__(self, scan: SocketScan, netns: int = 0) -> None:
        self._scan = scan
        self._netns = netns
        self._known: dict[int, Tracked] = {}
        self._udp = UdpPeers()
        self._lingering: set[int] = set()  # sockets that left the dump without an event
        self._early: list[Closed] = []
        self._lookups = 0

    def open(self, window: Window) -> None:
        """Take the baseline."""
        self._scan.open()
        self._scan.retell()  # others may have looked before, if this one could not be opened at once
        seen = self._scan.look(BASELINE)
        for values, identity in seen.changed:
            row = Row._make(values)
            self._known[row.cookie] = tracked = _tracked(identity, seen, window, fresh=False)
            tracked.baseline(row)
        self._udp.baseline(seen, window)
        self._early = [one for one in seen.closed if one.final.row.cookie in self._known]

    def drain(self) -> None:
        """Take waiting events out of the kernel's buffer."""
        self._scan.drain()

    def collect(self, window: Window) -> ConnectionBatch:
        """Return the connections that changed, or all of them on a keyframe."""
        seen = self._scan.look(window.start)
        self._lookups = 0
        rows = self._changed(seen, window)
        rows += self._closed(seen, window)
        rows += self._vanished(seen, window)
        if window.keyframe:
            rows += self._idle({row[0] for row in rows}, window)
        rows += self._udp.rows(seen, window)
        return window.batch(ConnectionBatch, netns=self._netns, connections=Connections.of(rows))

    def missing(self) -> dict[str, str]:
        """Return what cannot be seen."""
        return self._scan.missing()

    def counters(self) -> dict[str, int]:
        """Return what was lost of the events."""
        return self._scan.counters()

    def close(self) -> None:
        """Give back the netlink sockets."""
        self._scan.close()

    def _changed(self, seen: Seen, window: Window) -> list[ConnectionRow]:
        closing = {one.final.row.cookie for one in seen.closed}
        rows = []
        for values, identity in seen.changed:
            row = Row._make(values)
            tracked = self._known.get(row.cookie)
            if tracked is None and identity is None:  # told of in a window in which this collector failed
                self._scan.retell()
                continue
            if tracked is None or (identity is not None and identity[:4] != tracked.identity[:4]):
                self._known[row.cookie] = tracked = _tracked(identity, seen, window, fresh=True)
            tracked.vanished, tracked.told_closed = 0, False
            if row.cookie in closing:  # it closed just after it was seen: one row will tell all
                tracked.row = tracked.row._replace(state=row.state, ports=row.ports)
            else:
                rows.append(tracked.tell(window, row, received(row)))
        return rows

    def _closed(self, seen: Seen, window: Window) -> list[ConnectionRow]:
        peers = sent_of(seen.closed)
        closed, self._early = self._early + seen.closed, []
        rows = []
        for nth, one in enumerate(closed, 1):
            if nth % DRAIN_EVERY == 0:
                self._scan.drain()
            row = self._close(one, seen, window, peers)
            if row is not None:
                rows.append(row)
        return rows

    def _close(self, one: Closed, seen: Seen, window: Window, peers: dict[Flow, int]) -> ConnectionRow | None:
        final, identity = one.final, one.identity
        tracked = self._known.pop(final.row.cookie, None)
        if tracked is None:
            if not identity.remote_port or _is_older(one, seen):
                return None  # a listener, a socket without a connection, or one from before this run
            tracked = _tracked(identity._replace(uid=UNKNOWN_UID), seen, window, fresh=True)
        elif final.row.ports != tracked.row.ports:  # disconnected, and all its counters with it
            if tracked.told_closed:
                return None
            failed = tracked.row.min_rtt_us == UNKNOWN_RTT
            last = tracked.row._replace(state=diag.CLOSE)
            return tracked.tell(window, last, tracked.received, closed=True, failed=failed)
        got = received_payload(
            one,
            tracked.row.state,
            peers.get(peer_of(identity)),
            opener=tracked.opener,
            held=tracked.vanished > 1,
            waits=self._waits,
        )
        if tracked.told_closed and got <= tracked.received and final.row.sent == tracked.row.sent:
            return None
        return tracked.tell(window, final.row, got, closed=True, failed=not final.established)

    def _waits(self, identity: Identity) -> bool:
        self._lookups += 1
        return self._lookups <= MOST_LOOKUPS and self._scan.waits(identity)

    def _vanished(self, seen: Seen, window: Window) -> list[ConnectionRow]:
        """Close what left the dump without an event.

        With events, a socket that left the dump is closed but still held by its program, and its last bytes come with
        the event; it is told closed after some windows at the latest, and forgotten after many.
        """
        rows = []
        if window.keyframe:  # some may have vanished in a window in which this collector failed
            self._lingering |= self._known.keys() - seen.tcp.keys()
        for cookie in list(self._lingering | (seen.vanished & self._known.keys())):
            tracked = self._known.get(cookie)
            if tracked is None or cookie in seen.tcp:
                self._lingering.discard(cookie)
                continue
            self._lingering.add(cookie)
            tracked.vanished += 1
            if (not seen.events_complete or tracked.vanished > LINGER_WINDOWS) and not tracked.told_closed:
                tracked.told_closed = True
                last = tracked.row._replace(state=diag.CLOSE)
                rows.append(tracked.tell(window, last, tracked.received, closed=True))
            if not seen.events_complete or tracked.vanished > 10 * LINGER_WINDOWS:
                del self._known[cookie]
        return rows

    def _idle(self, told: set[int], window: Window) -> list[ConnectionRow]:
        return [
            tracked.tell(window, tracked.row, tracked.received)
            for cookie, tracked in self._known.items()
            if cookie not in told and not tracked.vanished
        ]


def _tracked(identity: Identity | None, seen: Seen, window: Window, *, fresh: bool) -> Tracked:
    if identity is None:
        raise ValueError("the scan gives the identity of every socket it has not seen before")
    opener = not seen.accepts(identity.local_address, identity.local_port)
    return Tracked(identity, window.start, fresh, opener)


def _is_older(one: Closed, seen: Seen) -> bool:
    """Tell whether a socket that no scan saw was idle since before the last one: closed, yet held by its program."""
    return one.final.established and one.final.idle_ms > (one.at - seen.since) * 1000 + SLACK_MS

"""Connections: what every socket with a peer sent and received in the window, to the byte.

Sockets that live from scan to scan are reported by the difference of two dumps. Those that close, even within the
window, are reported by the last counters that the kernel sends when a socket is destroyed.
"""

from collections.abc import Iterator
from itertools import chain

from collectors import diag
from collectors.closing import flow_of, peer_of
from collectors.datagrams import Datagrams
from collectors.destroyed import DRAIN_EVERY, Closed
from collectors.diag import Identity, Row
from collectors.endings import Ending, endings
from collectors.socket_scan import Seen, SocketScan
from collectors.totals import Sent, Totals
from collectors.traced import Ended
from collectors.traced_endings import brief, established, ports
from collectors.traced_endings import received as received_of
from collectors.traced_endings import row as row_of
from collectors.tracked import UNKNOWN_UID, ConnectionRow, Tracked, received
from collectors.udp import UdpPeers
from collectors.window import BASELINE, Window
from collectors.wire import Wire
from schemas.raw import ConnectionBatch, Connections
from schemas.topics import CONNECTIONS

SLACK_MS = 50
LINGER_WINDOWS = 12
MOST_OVER = 2_000  # sockets that programs hold after they closed, 1 KB each
MOST_LOOKUPS = 1_000  # a window, 12 us each


class SocketCollector:
    """Reports connections. Those that exist at the first scan are the baseline: they begin with nothing.

    In a namespace that is `fresh` there is no baseline.
    """

    topic = CONNECTIONS

    def __init__(
        self,
        scan: SocketScan,
        wire: Wire,
        netns: int = 0,
        *,
        fresh: bool = False,
        datagrams: Datagrams | None = None,
    ) -> None:
        self._scan = scan
        self._fresh = fresh
        self._wire = wire
        self._datagrams = datagrams
        self._netns = netns
        self._known: dict[int, Tracked] = {}
        self._udp = UdpPeers()
        self._lingering: set[int] = set()  # sockets that left the dump without an event
        self._over: dict[int, None] = {}  # those of them that have been reported closed, in this order
        self._early: list[Closed] = []
        self._early_ended: list[Ended] = []
        self._began = 0.0  # in seconds of the monotonic clock
        self._late: list[Ending] = []
        self._lookups = 0
        self._sent = Sent()
        self._doubtful: set[int] = set()  # of the scan before
        self._unidentified = 0
        self._uncounted = 0

    def open(self, window: Window) -> None:
        """Take the baseline."""
        self._wire.open()
        if self._datagrams is not None:
            self._datagrams.open()
        self._scan.open()
        self._scan.restate()  # others may have looked before, if this one could not be opened at once
        if self._fresh:  # nothing in a namespace that has just come is older than this run
            return
        seen = self._scan.look(BASELINE)
        self._began = seen.at
        for row, identity in seen.changed:
            self._known[row.cookie] = tracked = _tracked(identity, seen, window, fresh=False)
            tracked.baseline(row)
        self._udp.baseline(seen, window)
        self._early = [one for one in seen.closed if one.final.row.cookie in self._known]
        self._early_ended = [one for one in seen.ended if one.cookie in self._known]

    def drain(self) -> None:
        """Take waiting events out of the kernel's buffers."""
        self._scan.drain()
        self._wire.drain()
        if self._datagrams is not None:
            self._datagrams.drain()

    def collect(self, window: Window) -> ConnectionBatch:
        """Return the connections that changed, or all of them on a keyframe."""
        if self._datagrams is not None:
            self._datagrams.drain()  # before the scan: of those that come later it may lack the sockets
        seen = self._scan.look(window.start)
        self._wire.drain()  # after the scan: how the sockets closed that it found closed
        self._lookups = 0
        rows = self._changed(seen, window)
        if window.keyframe and not seen.tcp.keys() <= self._known.keys():  # this collector failed when they were new
            self._scan.restate()
        rows += self._closed(seen, window) + self._ended_rows(seen, window)
        rows += self._vanished(seen, window)
        idle = self._idle({row.cookie for row in rows}, window) if window.keyframe else ()
        rows += self._udp.rows(seen, window)
        if self._datagrams is not None:
            rows += self._datagrams.rows(seen, window)
        self._wire.turn()
        connections = Connections.of(chain(rows, idle), ConnectionRow._fields)
        return window.batch(ConnectionBatch, netns=self._netns, connections=connections)

    def missing(self) -> dict[str, str]:
        """Return what cannot be seen."""
        datagrams = {} if self._datagrams is None else self._datagrams.missing()
        return self._scan.missing() | datagrams | ({} if self._scan.traced else self._wire.missing())

    def counters(self) -> dict[str, int]:
        """Return what was lost."""
        own = {"connections_unidentified": self._unidentified, "resets_uncounted": self._uncounted}
        datagrams = {} if self._datagrams is None else self._datagrams.counters()
        return self._scan.counters() | self._wire.counters() | datagrams | own

    def close(self) -> None:
        """Give back the sockets."""
        self._scan.close()
        self._wire.shut()
        if self._datagrams is not None:
            self._datagrams.shut()

    def _changed(self, seen: Seen, window: Window) -> list[ConnectionRow]:
        closing = {one.final.row.cookie for one in seen.closed} | {
            one.cookie for one in seen.ended if one.cookie in seen.tcp and seen.tcp[one.cookie][1] == ports(one)
        }  # plain tuples: [1] is ports
        rows = []
        for row, identity in [*seen.changed, *self._without_doubt(seen)]:
            tracked = self._known.get(row.cookie)
            if tracked is None and identity is None:  # reported in a window in which this collector failed
                self._scan.restate()
                continue
            if tracked is None or (identity is not None and flow_of(identity) != flow_of(tracked.identity)):
                opener = self._opener(row.cookie, identity) if identity else None
                self._known[row.cookie] = tracked = _tracked(identity, seen, window, fresh=True, opener=opener)
            tracked.vanished = 0
            self._over.pop(row.cookie, None)
            if row.cookie in seen.doubtful and received(row) > tracked.received:
                self._doubtful.add(row.cookie)
                row = row._replace(received=row.received - 1)
            if row.cookie in closing:  # it closed just after it was seen: one row will have all
                tracked.row = tracked.row._replace(state=row.state, ports=row.ports)
                tracked.last = row
            else:
                rows.append(tracked.report(window, row, received(row)))
        return rows

    def _without_doubt(self, seen: Seen) -> list[tuple[Row, None]]:
        """Return the sockets whose last byte was not reported, for it might be a FIN, and which have not changed."""
        changed, doubtful, self._doubtful = {row[2] for row, _ in seen.changed}, self._doubtful, set()  # [2] is cookie
        return [
            (seen.tcp[cookie], None) for cookie in doubtful - changed if cookie in seen.tcp and cookie in self._known
        ]

    def _opener(self, cookie: int, identity: Identity) -> bool | None:
        return self._scan.opened(cookie) if self._scan.traced else self._wire.opener(identity)

    def _ended_rows(self, seen: Seen, window: Window) -> list[ConnectionRow]:
        """Return the rows of the connections that programs report to be over."""
        ended, self._early_ended = self._early_ended + seen.ended, []
        last = {one.cookie: one for one in ended}  # a socket may have had several connections
        self._unidentified += len(ended) - len(last)
        rows = []
        for nth, one in enumerate(last.values(), 1):
            if nth % DRAIN_EVERY == 0:
                self.drain()
            if one.cookie in seen.tcp and seen.tcp[one.cookie][1] != ports(one):  # it has another one by now
                self._unidentified += 1
                continue
            tracked = self._known.pop(one.cookie, None)
            if tracked is not None and tracked.row.ports == ports(one):
                row, got = row_of(one), received_of(one)
                if not tracked.over or tracked.adds(row, got):
                    failed = tracked.opener and not established(one)
                    rows.append(tracked.report(window, row, got, closed=True, failed=failed))
            elif one.local_port and one.remote_port:
                rows.append(brief(one, window, seen.accepts))
        return rows

    def _closed(self, seen: Seen, window: Window) -> list[ConnectionRow]:
        closed, self._early = self._early + seen.closed, []
        found, unknown = endings(closed, self._known, self._wire)
        self._unidentified += unknown
        found = self._together(found, seen)
        totals = Totals(found, self._wire, self._waits, self._sent)
        rows = []
        for nth, one in enumerate(sorted(found, key=lambda one: one.cleared), 1):
            if nth % DRAIN_EVERY == 0:
                self.drain()
            tracked = self._ended(one, seen, window)
            if tracked is None:
                continue
            row, got = totals.of(one, tracked)
            if not tracked.over or tracked.adds(row, got):
                failed = tracked.opener and not one.closed.final.established
                rows.append(tracked.report(window, row, got, closed=True, failed=failed))
        self._uncounted += totals.uncounted
        return rows

    def _together(self, found: list[Ending], seen: Seen) -> list[Ending]:
        """Keep for the next window what ended in this one, if no scan has seen it and its other end comes with that.

        That one is closed too, for it is in no dump, but not gone yet: both are of one window, or they would not meet.
        """
        late, self._late = self._late, []
        first = [one for one in found if one.side and one.side.first and one.closed.final.row.cookie not in self._known]
        if first:
            in_dump = {flow_of(identity) for identity in seen.identities.values()}
            self._late = [one for one in first if peer_of(one.identity) not in in_dump]
        kept = set(map(id, self._late))
        return late + [one for one in found if id(one) not in kept]

    def _ended(self, one: Ending, seen: Seen, window: Window) -> Tracked | None:
        """Return what is known of a socket that is gone; none when it was closed before this run."""
        tracked = self._known.pop(one.closed.final.row.cookie, None)
        if tracked is not None:
            return tracked
        opened = one.side is not None and one.side.talk.opened
        if not opened and self._is_older(one.closed):
            return None
        opener = one.side.opener if one.side is not None and opened else None
        return _tracked(one.identity._replace(uid=UNKNOWN_UID), seen, window, fresh=True, opener=opener)

    def _is_older(self, one: Closed) -> bool:
        """Return whether a socket that no scan saw was idle since before this run: closed, yet held by its program."""
        return one.final.established and one.final.idle_ms > (one.at - self._began) * 1000 + SLACK_MS

    def _waits(self, identity: Identity) -> bool | None:
        self._lookups += 1
        return self._scan.waits(identity) if self._lookups <= MOST_LOOKUPS else None

    def _vanished(self, seen: Seen, window: Window) -> list[ConnectionRow]:
        """Close what left the dump without an event.

        With events, a socket that left the dump is closed but still held by its program, and its last bytes come with
        the event. It is reported closed after some windows at the latest, and kept for the event, which adds only the
        rest. Programs may report its end a window late, for the namespaces are dumped one after another.
        """
        rows = []
        if window.keyframe:  # some may have vanished in a window in which this collector failed
            self._lingering |= self._known.keys() - seen.tcp.keys() - self._over.keys()
        for cookie in list(self._lingering | (seen.vanished & self._known.keys())):
            tracked = self._known.get(cookie)
            if tracked is None or cookie in seen.tcp:
                self._lingering.discard(cookie)
                continue
            self._lingering.add(cookie)
            tracked.vanished += 1
            if seen.events_complete and tracked.vanished <= LINGER_WINDOWS:
                continue
            self._lingering.discard(cookie)
            self._over[cookie] = None
            if not tracked.over:
                last = tracked.row._replace(state=diag.CLOSE)
                rows.append(tracked.report(window, last, tracked.received, closed=True))
        self._forget(MOST_OVER if self._scan.closing_reported else 0)
        return rows

    def _forget(self, most: int) -> None:
        """Forget sockets whose closing was reported and whose event has not come, but for so many."""
        while len(self._over) > most:
            cookie = next(iter(self._over))
            del self._over[cookie]
            self._known.pop(cookie, None)

    def _idle(self, reported: set[int], window: Window) -> Iterator[ConnectionRow]:
        for cookie, tracked in self._known.items():
            if cookie not in reported and not tracked.vanished:
                yield tracked.report(window, tracked.row, tracked.received)


def _tracked(
    identity: Identity | None, seen: Seen, window: Window, *, fresh: bool, opener: bool | None = None
) -> Tracked:
    if identity is None:
        raise ValueError("the scan gives the identity of every socket it has not seen before")
    if opener is None:  # not seen: then by who listens
        opener = not seen.accepts(identity.local_address, identity.local_port)
    return Tracked(identity, window.start, fresh, opener)

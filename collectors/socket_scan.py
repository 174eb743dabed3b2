"""One look at all sockets of a network namespace, shared by the collectors of connections and of listeners."""

import socket
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from itertools import compress, count
from operator import itemgetter, ne

from collectors import diag, fins, netlink
from collectors.closing import Flow, flow_of
from collectors.destroyed import Closed, Destroyed
from collectors.diag import Identity, Plain, Row
from collectors.entering import STAY, Enter
from collectors.plain_sockets import PlainSockets
from collectors.settings import Settings
from collectors.stirring import Stirring
from collectors.traced import Ended
from collectors.traced_endings import flow_of as ended_flow
from collectors.traced_endings import listened, listeners
from collectors.tracing import Tracing

FAMILIES = (socket.AF_INET, socket.AF_INET6)
PLAIN = (
    (socket.IPPROTO_TCP, diag.states(diag.LISTEN)),
    (socket.IPPROTO_UDP, diag.states(diag.ESTABLISHED, diag.CLOSE)),
)
ANY = ("0.0.0.0", "::")  # a listener bound to one of these takes what comes to any address
_cookie, _inode, _state = (itemgetter(Row._fields.index(name)) for name in ("cookie", "inode", "state"))


@dataclass
class Seen:
    """What one scan saw; `changed` against the scan before, with the identity of sockets that are new or reused."""

    tcp: dict[int, Row] = field(default_factory=dict)
    changed: list[tuple[Row, Identity | None]] = field(default_factory=list)
    identities: dict[int, Identity] = field(default_factory=dict)  # of those that are new, by cookie
    doubtful: set[int] = field(default_factory=set)  # cookies of those that may have counted a FIN
    vanished: set[int] = field(default_factory=set)
    closed: list[Closed] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)  # as programs report them, where they do
    udp: dict[int, Plain] = field(default_factory=dict)
    udp_closed: list[tuple[int, Identity]] = field(default_factory=list)
    unbound: list[Plain] = field(default_factory=list)  # UDP sockets without a peer that closed
    listening: dict[int, Plain] = field(default_factory=dict)
    events_complete: bool = False
    inodes_added: set[int] = field(default_factory=set)
    inodes_removed: set[int] = field(default_factory=set)
    at: float = 0.0  # when it was, in seconds of the monotonic clock
    bound: frozenset[tuple[str, int]] = frozenset()  # addresses and ports of TCP listeners, now or at the scan before
    unlistened: list[Plain] = field(default_factory=list)  # TCP listeners that closed, also those that no scan saw

    def accepts(self, address: str, port: int) -> bool:
        """Return whether somebody listens to connections to an address, or did until the scan before."""
        return any((at, port) in self.bound for at in (address, *ANY))

    def over(self) -> set[Flow]:
        """Return the TCP connections that are over, as either source reports them."""
        return {flow_of(one.identity) for one in self.closed} | set(map(ended_flow, self.ended))


class SocketScan:
    """Reads sockets once a window, by the first that asks, and the events of closing ones in between."""

    def __init__(
        self,
        settings: Settings,
        monotonic: Callable[[], float] = time.monotonic,
        *,
        enter: Enter = STAY,
        inodes: dict[int, int] | None = None,
        stirring: Stirring | None = None,
        tracing: Tracing | None = None,
        netns: int = 0,
    ) -> None:
        self._monotonic = monotonic
        self._enter = enter
        self._stirring = stirring
        self._tracing = tracing
        self._netns = netns
        self._segments = b""  # TCP's counters as of the last scan, if it succeeded and nothing changes without one
        self._events = Destroyed(settings.event_buffer_bytes, monotonic)
        self._netlink: socket.socket | None = None
        self._seen = Seen()
        self._window: int | None = None
        self._restate = False
        self._without_udp = False
        self._plain = PlainSockets()
        self._bound: frozenset[tuple[str, int]] = frozenset()  # as of the scan before
        self.inodes: dict[int, int] = {} if inodes is None else inodes
        """Inode -> cookie of every socket that a process may hold; of all namespaces, if they share it."""

    def open(self) -> None:
        """Subscribe to events first, so that nothing closes unseen after the baseline."""
        if self._netlink is None:
            if self._tracing is not None:
                self._tracing.open()
            self._enter(self._open)

    def _open(self) -> None:
        self._netlink = netlink.open_socket(netlink.SOCK_DIAG)
        self._events.open(tcp=not self.traced)

    @property
    def traced(self) -> bool:
        """Return whether programs report the connections that are over."""
        return self._tracing is not None and self._tracing.running

    @property
    def closing_reported(self) -> bool:
        """Return whether the kernel reports sockets that close."""
        return self._events.subscribed or self.traced

    def opened(self, cookie: int) -> bool | None:
        """Return whether this end of a connection opened it; None if that was not seen."""
        return self._tracing.opened(cookie) if self._tracing is not None and self.traced else None

    def fileno(self) -> int:
        """Return the descriptor that becomes readable with the next event; -1 when there are none."""
        return self._events.fileno()

    def drain(self) -> None:
        """Take waiting events out of the kernel's buffer."""
        self._events.drain()
        if self._tracing is not None:
            self._tracing.drain()

    def counters(self) -> dict[str, int]:
        """Return what was lost of the events."""
        return {"socket_event_overruns": self._events.overruns, "socket_events_dropped": self._events.dropped}

    def missing(self) -> dict[str, str]:
        """Return what cannot be seen."""
        missing = {}
        if self._netlink is not None and not self._events.subscribed:
            missing["connections shorter than a window"] = "the sock_diag destroy groups (Linux 4.3 or later)"
        if self._without_udp:
            missing["UDP sockets"] = "the udp_diag module"
        return missing

    def close(self) -> None:
        """Give back both netlink sockets."""
        self._events.close()
        if self._netlink is not None:
            self._netlink.close()
            self._netlink = None

    def release(self) -> set[int]:
        """Close for good; return the inodes of sockets that are no longer looked at."""
        self.close()
        held = self.held()
        if self._stirring is not None:
            self._stirring.close()
        for inode in held:
            self.inodes.pop(inode, None)
        return held

    def held(self) -> set[int]:
        """Return the inodes of the sockets that processes held at the last scan."""
        return {*map(_inode, self._seen.tcp.values()), *self._plain.inodes()} - {0}

    def restate(self) -> None:
        """Give the identity of every socket at the next scan: a reader has missed those of some."""
        self._restate = True

    def waits(self, identity: Identity) -> bool:
        """Return whether a 4-tuple is in TIME_WAIT now."""
        found = diag.find(self._netlink, identity) if self._netlink else None
        return found is not None and found.state in (diag.TIME_WAIT, diag.FIN_WAIT2) and not found.inode

    def closed_since(self, inode: int) -> bool:
        """Return whether a socket that the last scan saw first has been closed by its process meanwhile."""
        identity = self._seen.identities.get(self.inodes.get(inode, 0))
        if identity is None or self._netlink is None:
            return False
        found = diag.find(self._netlink, identity)
        return found is None or found.inode != inode

    def look(self, window: int) -> Seen:
        """Return the sockets as of this window; scans when the window was not looked at yet."""
        if window != self._window:
            self._seen = self._scan(self._seen.tcp, window)
            self._window = window
        return self._seen

    def _scan(self, before: dict[int, Row], window: int) -> Seen:
        if self._netlink is None:
            raise RuntimeError("the socket scan is not open")
        seen = Seen(at=self._monotonic())
        known = {} if self._restate else before
        last, self._segments = self._segments, b""
        segments = self._stirring.read() if self._stirring is not None else b""
        quiet = segments != b"" and segments == last and not self._restate
        try:
            for family in FAMILIES:
                if not quiet:
                    self._tcp(family, known, seen)
                self._read_plain(family)
        except OSError:
            self.close()  # a dump that broke off leaves answers in the socket: begin anew
            self.open()
            raise
        if quiet:
            seen.tcp = before
        self._restate = False
        self._events.drain()  # after the dump: what closed while it ran is final here
        seen.closed, udp, seen.events_complete = self._events.take()
        seen.udp_closed = [(one.cookie, one.identity) for one in udp if one.state == diag.ESTABLISHED]
        seen.unbound = [one for one in udp if one.state != diag.ESTABLISHED]
        if self._tracing is not None and self.traced:
            ended = self._tracing.take_ended(self._netns, window)
            seen.ended = [one for one in ended if not listened(one)]
            seen.unlistened = listeners(ended)
            seen.events_complete = seen.events_complete and self._tracing.complete
        seen.vanished = before.keys() - seen.tcp.keys()
        self._index(before, seen, *self._plain.change())
        seen.listening, seen.udp = self._plain.listening, self._plain.udp
        self._listen(before, seen)
        if quiet or _settled(seen.tcp.values()):
            self._segments = segments
        return seen

    def _listen(self, before: dict[int, Row], seen: Seen) -> None:
        """Find the TCP listeners that closed, and what was bound at any time since the scan before."""
        seen.unlistened += [plain for one in seen.closed if (plain := _listener(one)) and plain.cookie not in before]
        seen.bound, self._bound = self._plain.bound | self._bound, self._plain.bound
        if seen.unlistened:
            seen.bound |= {(one.identity.local_address, one.identity.local_port) for one in seen.unlistened}

    def _tcp(self, family: int, before: dict[int, Row], seen: Seen) -> None:
        """Read one family. Nothing here but the rows that changed runs through Python's interpreter."""
        assert self._netlink is not None
        mask = diag.states(*diag.CONNECTED)
        chunks = diag.request(self._netlink, family, socket.IPPROTO_TCP, mask, info=True)
        recent: list[tuple[int, Identity]] = []
        for chunk, rows, places, infos in diag.parse_rows(chunks):
            cookies = list(map(_cookie, rows))
            held_rows = list(map(before.get, cookies))
            kept = [new if held is None else held for held, new in zip(held_rows, rows, strict=True)]
            for index in compress(count(), map(ne, held_rows, rows)):
                cookie, held = cookies[index], held_rows[index]
                kept[index] = row = Row._make(rows[index])
                same = held is not None and held[1] == row[1]  # plain tuples: [1] is ports
                identity = None if same else diag.identity(chunk, places[index])
                seen.changed.append((row, identity))
                if identity is not None:
                    seen.identities[cookie] = identity
                if fins.may_have_come(row, chunk, infos[index]):
                    recent.append((cookie, identity or diag.identity(chunk, places[index])))
            seen.tcp.update(zip(cookies, kept, strict=True))  # what is equal is held once, from scan to scan
        seen.doubtful |= fins.doubtful(self._netlink, recent)

    def _read_plain(self, family: int) -> None:
        assert self._netlink is not None
        for protocol, mask in PLAIN:
            try:
                self._plain.take(family, protocol, diag.request(self._netlink, family, protocol, mask, info=False))
            except FileNotFoundError:
                if protocol == socket.IPPROTO_TCP:
                    raise
                self._without_udp = True

    def _index(self, before: dict[int, Row], seen: Seen, added: dict[int, int], removed: set[int]) -> None:
        """Bring the inodes up to date, given the changes of sockets without tcp_info.

        Plain tuples: [2] is cookie, [3] inode, 0 while or after no process holds it.
        """
        removed |= {before[cookie][3] for cookie in seen.vanished}
        for row, _ in seen.changed:
            held = before.get(row[2])
            if held is None or held[3] != row[3]:
                added[row[3]] = row[2]
                removed.add(held[3] if held else 0)
        for inode in removed:
            self.inodes.pop(inode, None)
        self.inodes.update(added)
        self.inodes.pop(0, None)
        seen.inodes_added = added.keys() - {0}
        seen.inodes_removed = removed - added.keys() - {0}


def _settled(rows: Collection[Row]) -> bool:
    """Return whether sockets stay as they are for as long as no segment comes or goes: no timer runs, all are held."""
    return set(map(_state, rows)) <= {diag.ESTABLISHED} and all(map(_inode, rows))


def _listener(closed: Closed) -> Plain | None:
    """Return the listener that a socket was which closed: it had a port, and never a peer, of which one that failed to
    connect has the address left.
    """
    row, identity = closed.final.row, closed.identity
    if (
        closed.final.established
        or identity.remote_port
        or not identity.local_port
        or identity.remote_address not in ANY
    ):
        return None
    return Plain(socket.IPPROTO_TCP, row.cookie, diag.CLOSE, 0, 0, identity)

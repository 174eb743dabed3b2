"""Who exchanges datagrams by UDP sockets without a peer: ends of flows, from the first datagram to a time of quiet.

A flow belongs to the socket that has its port. Clients whose sockets no scan has seen, because these live for one
question, have port 0: what is asked from ever new ports is one flow. A server cannot know which clients these are. Of
an address that asks it from several ports it has one flow, and those of ports that go on asking.
"""

from collections import Counter
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass

from collectors.closing import flow_of
from collectors.datagram_keys import asked_by, end_port, ends, from_any_port, number_of, turned
from collectors.diag import Identity
from collectors.socket_scan import Seen
from collectors.tracked import UNKNOWN_UID, ConnectionRow, udp_row
from collectors.udp_sockets import Cookies, UdpSockets
from collectors.window import Window
from collectors.wire import unpacked

QUIET_MS = 60_000
MOST_NEW = 512  # in a window
MOST_OF_PORT = 1_024  # peers of one of our ports
MOST_OF_PEER = 16  # ports of an address that asks one of our ports; of more, none is known to go on asking
MOST_WAITING = 1_024
MOST_MET = 1_024  # addresses that ask from several ports
EPHEMERAL = 32_768  # ports that clients are given (ip_local_port_range)


@dataclass(slots=True)
class _End:
    """Our end of a flow. `sockets` have its port; which of several it is remains unknown."""

    identity: Identity
    number: int
    sockets: Cookies
    accepted: bool
    since: int
    fresh: bool
    last: int  # window with the last datagram

    def row(self, window: Window, *, closed: bool = False) -> ConnectionRow:
        row = udp_row(self.number, self.identity, self.since, window.start, fresh=self.fresh, closed=closed)
        socket = self.sockets[0] if len(self.sockets) == 1 else self.number
        return row._replace(accepted=self.accepted, socket=socket)


class DatagramFlows:
    """The flows of a network namespace, from window to window.

    `is_here` returns whether what our end is sent is for a socket here. `fresh`: the namespace is as new as this.
    """

    def __init__(
        self, netns: int, most: int, is_here: Callable[[Identity], bool] = lambda _: True, *, fresh: bool = False
    ) -> None:
        self._netns = netns
        self._is_here = is_here
        self.most = most
        self._began = None if not fresh else -QUIET_MS
        self._sockets = UdpSockets()
        self._ends: dict[bytes, _End] = {}
        self._of_port: Counter[bytes] = Counter()
        self._of_peer: Counter[bytes] = Counter()
        self._waiting: dict[bytes, None] = {}  # clients without a socket, until the events of the next window are known
        self._met: dict[bytes, dict[bytes, int]] = {}  # who asks -> further ports, and when each was first seen
        self._new = 0
        self.beyond = 0
        """Flows that were left out in the last window, as they were too many."""
        self.dropped = 0
        """The same, since the start."""

    def __contains__(self, flow: object) -> bool:
        """Return whether a datagram is of a known flow, with its sender's address and port first."""
        return isinstance(flow, bytes) and (flow in self._ends or turned(flow) in self._ends)

    def rows(
        self, flows: Iterable[bytes], seen: Seen, own: Container[bytes], window: Window, quiet_ms: int = QUIET_MS
    ) -> list[ConnectionRow]:
        """Return the flows that are new or over, and on a keyframe all others, given the datagrams of the window."""
        if self._began is None:
            self._began = window.start
        self._new = self.beyond = 0
        replaced = self._replaced() if self._sockets.take(seen) else []
        rows = [self._end(key).row(window, closed=True) for key in replaced]
        waiting, self._waiting = self._waiting, {}
        new = [self._asking(key, window) for key in waiting]
        first, sent = self._touch(flows, own, window)
        quiet = [key for key, end in self._ends.items() if window.start - end.last >= quiet_ms]
        rows += [self._end(key).row(window, closed=True) for key in quiet]
        for key in replaced:  # whose sockets have sent the rest is known from the next window on
            first.pop(key, None)
        new += [self._admit(key, window, ours=ours, sent=key in sent) for key, ours in first.items()]
        if window.keyframe:
            rows += [end.row(window) for end in self._ends.values() if end.since != window.start]
        rows += [row for row in new if row is not None]
        self._forget(window.start - quiet_ms)
        self.dropped += self.beyond
        return rows

    def _touch(
        self, flows: Iterable[bytes], own: Container[bytes], window: Window
    ) -> tuple[dict[bytes, bool], set[bytes]]:
        """Return the new ends with whether their first datagram is ours, and those that have sent one."""
        first: dict[bytes, bool] = {}
        sent: set[bytes] = set()
        for ours, key in ends(flows, own):
            end = self._ends.get(key)
            if end is not None:
                end.last = window.start
                continue
            first.setdefault(key, ours)
            if ours:
                sent.add(key)
        return first, sent

    def _replaced(self) -> list[bytes]:
        """Return the ends whose port other sockets have now."""
        return [
            key
            for key, end in self._ends.items()
            if end.sockets and end.sockets != self._at(end.identity, accepted=end.accepted)
        ]

    def _at(self, identity: Identity, *, accepted: bool) -> Cookies:
        find = self._sockets.serving if accepted else self._sockets.sending
        return find(identity.local_address, identity.local_port)

    def _admit(self, key: bytes, window: Window, *, ours: bool, sent: bool) -> ConnectionRow | None:
        """Return the row of a new end, if it is one of a socket without a peer and there is room."""
        if not self._has_room(key):
            return None
        identity = unpacked(key, UNKNOWN_UID)
        local, remote = identity.local_port, identity.remote_port
        if not (local and remote) or {local, remote} & self._sockets.tunnels:
            return None
        if self._sockets.connected(flow_of(identity)):
            return None
        if not (local >= EPHEMERAL if (local >= EPHEMERAL) != (remote >= EPHEMERAL) else ours):
            return self._serve(key, identity, window)
        sockets = self._at(identity, accepted=False)
        if len(sockets) == 1 and self._sockets.sure(sockets[0], local):
            return self._open(key, identity, sockets, window)
        if sent and len(self._waiting) < MOST_WAITING:
            self._waiting[key] = None
        return None

    def _asking(self, key: bytes, window: Window) -> ConnectionRow | None:
        """Return the row of a client whose socket is not known, unless one that closed had this peer."""
        identity = unpacked(key, UNKNOWN_UID)
        if self._sockets.connected(flow_of(identity)):
            return None
        key = from_any_port(key)
        if (end := self._ends.get(key)) is not None:
            end.last = window.start
            return None
        if not (self._has_room(key) and self._is_here(identity)):
            return None
        return self._open(key, identity._replace(local_port=0), (), window)

    def _serve(self, key: bytes, identity: Identity, window: Window) -> ConnectionRow | None:
        sockets = self._at(identity, accepted=True)
        if not sockets or self._is_further(key, window) or not self._is_here(identity):
            return None
        if all(self._sockets.sure(cookie, identity.local_port) for cookie in sockets):
            return self._open(key, identity, sockets, window, accepted=True)
        self._open(key, identity, (), window, accepted=True)
        return self._end(key).row(window, closed=True)

    def _has_room(self, key: bytes) -> bool:
        if len(self._ends) < self.most and self._new < MOST_NEW and self._of_port[end_port(key)] < MOST_OF_PORT:
            return True
        self.beyond += 1
        return False

    def _is_further(self, key: bytes, window: Window) -> bool:
        """Return whether an address that asks has a flow, and this is of another port that may not ask again.

        Where ports come and go in numbers, one that is seen again belongs to another socket by then.
        """
        peer = asked_by(key)
        known, met = self._of_peer[peer], self._met.get(peer, {})
        if not known:
            return False
        if len(met) <= MOST_OF_PEER:
            met.setdefault(key, window.start)
        if peer in self._met or len(self._met) < MOST_MET:
            self._met[peer] = met
        return max(known, len(met) - 1) >= MOST_OF_PEER or met[key] == window.start

    def _forget(self, before: int) -> None:
        """Forget ports that were met before a time."""
        if self._met:
            kept = {peer: {key: at for key, at in met.items() if at > before} for peer, met in self._met.items()}
            self._met = {peer: met for peer, met in kept.items() if met}

    def _open(
        self, key: bytes, identity: Identity, sockets: Cookies, window: Window, *, accepted: bool = False
    ) -> ConnectionRow:
        assert self._began is not None
        fresh = window.start - self._began >= QUIET_MS
        if len(sockets) == 1:
            identity = identity._replace(uid=self._sockets.user(sockets[0]))
        number = number_of(self._netns, key, sockets)
        self._new += 1
        self._of_port[end_port(key)] += 1
        if accepted:
            self._of_peer[asked_by(key)] += 1
        end = self._ends[key] = _End(identity, number, sockets, accepted, window.start, fresh, window.start)
        return end.row(window)

    def _end(self, key: bytes) -> _End:
        end = self._ends.pop(key)
        _take_one(self._of_port, end_port(key))
        if end.accepted:
            _take_one(self._of_peer, asked_by(key))
        return end


def _take_one(counter: Counter[bytes], one: bytes) -> None:
    counter[one] -= 1
    if not counter[one]:
        del counter[one]

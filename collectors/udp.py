"""UDP sockets with a peer: who talks to whom, without counters, for the kernel keeps none."""

from typing import NamedTuple

from collectors.closing import flow_of
from collectors.diag import Identity, Plain
from collectors.socket_scan import Seen
from collectors.tracked import ConnectionRow, udp_row
from collectors.window import Window

LATE_WINDOWS = 12


class _Held(NamedTuple):
    identity: Identity
    since: int
    fresh: bool


class UdpPeers:
    """Connected UDP sockets from window to window."""

    def __init__(self) -> None:
        self._known: dict[int, _Held] = {}
        self._seen: dict[int, Plain] | None = None
        # Sockets that are reported closed, and how many windows their event may take.
        self._awaited: dict[int, int] = {}

    def baseline(self, seen: Seen, window: Window) -> None:
        """Take the sockets that exist already."""
        self._known = {cookie: _Held(peer.identity, window.start, fresh=False) for cookie, peer in seen.udp.items()}

    def rows(self, seen: Seen, window: Window) -> list[ConnectionRow]:
        """Return the sockets that are new or closed, and on a keyframe all others."""
        if seen.udp is self._seen and not seen.udp_closed and not window.keyframe:
            self._await(set(), {})
            return []
        self._seen = seen.udp
        rows = []
        known, self._known = self._known, {}
        for cookie, peer in seen.udp.items():
            held = known.pop(cookie, None)
            new = held is None or flow_of(held.identity) != flow_of(peer.identity)
            now = _Held(peer.identity, window.start, fresh=True) if held is None or new else held
            self._known[cookie] = now
            if new or window.keyframe:
                rows.append(udp_row(cookie, now.identity, now.since, window.start, fresh=now.fresh))
        closed = dict(seen.udp_closed)
        for cookie, identity in closed.items():
            if not (cookie in known or cookie in self._known or cookie in self._awaited):
                brief = identity._replace(uid=-1)
                rows.append(udp_row(cookie, brief, window.start, window.start, fresh=True, closed=True))
        for cookie, (identity, since, fresh) in known.items():
            rows.append(udp_row(cookie, identity, since, window.start, fresh=fresh, closed=True))
        self._await(known.keys() - closed.keys(), closed)
        return rows

    def _await(self, vanished: set[int], closed: dict[int, Identity]) -> None:
        """Wait for events: they come from the kernel's work queue, perhaps after the dump that lacks the socket."""
        waiting = {cookie: left - 1 for cookie, left in self._awaited.items() if left > 1 and cookie not in closed}
        self._awaited = waiting | dict.fromkeys(vanished, LATE_WINDOWS)

"""The last counters of the sockets that closed in a window."""

from collections.abc import Callable, Iterable

from collectors import diag
from collectors.closing import Flow, flow_of, peer_of, received_payload, sent_of, within_host
from collectors.diag import Identity, Row
from collectors.endings import Ending
from collectors.tracked import Tracked, received
from collectors.wire import Wire

_MODULUS = 1 << 32
_MOST_BEHIND = 1 << 30  # numbers that are this much behind are of another connection, those further off ahead
MOST_SENT = 20_000  # flows within this host of which one end is gone


class Sent:
    """What sockets had sent whose other end is on this host too, and closes in a later window."""

    def __init__(self) -> None:
        self._by_flow: dict[Flow, int] = {}

    def add(self, flow: Flow, count: int) -> None:
        """Take what the socket of a flow had sent that is the first of its connection to be gone."""
        if within_host(flow):
            self._by_flow[flow] = count
            if len(self._by_flow) > MOST_SENT:
                del self._by_flow[next(iter(self._by_flow))]

    def pop(self, flow: Flow) -> int | None:
        """Return what the socket of a flow had sent, once."""
        return self._by_flow.pop(flow, None)


class Totals:
    """Counts the endings of a window; those of cleared sockets last, whose other ends may be among them."""

    def __init__(
        self, found: Iterable[Ending], wire: Wire, waits: Callable[[Identity], bool | None], sent: Sent
    ) -> None:
        self._wire = wire
        self._waits = waits
        self._before = sent
        self._sent = sent_of(one.closed for one in found if not one.cleared)
        self._counted: dict[Flow, tuple[int, int]] = {}  # payload sent and received
        self.uncounted = 0
        """Cleared sockets of whose last bytes nothing is known."""

    def of(self, one: Ending, tracked: Tracked) -> tuple[Row, int]:
        """Return a socket's last row, and the payload bytes it received since it was opened."""
        return self._cleared(one, tracked) if one.cleared else self._whole(one, tracked)

    def _whole(self, one: Ending, tracked: Tracked) -> tuple[Row, int]:
        row, peer = one.closed.final.row, peer_of(one.identity)
        own = diag.sent_payload(row, tracked.opener)
        peers = self._sent.get(peer)
        if peers is None:
            peers = self._before.pop(peer)
            if peers is None:
                self._before.add(flow_of(one.identity), own)
        got = received_payload(
            one.closed,
            tracked.row.state,
            peers,
            opener=tracked.opener,
            held=tracked.vanished > 1,
            waits=self._waits,
            fin_came=self._wire.fin_came(one.side, row.received) if one.side else None,
        )
        self._counted[flow_of(one.identity)] = own, got
        return row, got

    def _cleared(self, one: Ending, tracked: Tracked) -> tuple[Row, int]:
        """Return the total: by the wire, else by the other end if it is here, else as last seen."""
        final = one.closed.final
        last = tracked.last or (tracked.row if tracked.row.cookie else final.row)
        numbers = self._wire.last(one.side) if one.side else None
        peer = self._counted.get(peer_of(one.identity))
        sent, got = tracked.sent, tracked.received
        if tracked.last is not None:
            sent, got = diag.sent_payload(tracked.last, tracked.opener), received(tracked.last)
        if not final.established:
            pass
        elif numbers is not None and all(map(_ahead, (sent, got), numbers)):
            sent, got = map(_reached, (sent, got), numbers)
        elif peer is not None:
            sent_by_peer, got_by_peer = peer
            sent, got = max(sent, got_by_peer), max(got, sent_by_peer)
        else:
            self.uncounted += 1
        return last._replace(state=diag.CLOSE, sent=sent, resent=0), got


def _reached(least: int, number: int) -> int:
    """Return the first count from `least` on that is this number modulo 2**32."""
    return least + (number - least) % _MODULUS


def _ahead(least: int, number: int) -> bool:
    """Return whether a number may be that of `least` or of a later count, and not that of an earlier one."""
    return (number - least) % _MODULUS < _MODULUS - _MOST_BEHIND

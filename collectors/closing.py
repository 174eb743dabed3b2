"""How many bytes a closed TCP socket really received: whether its counter includes the peer's FIN.

tcpi_bytes_received counts the peer's FIN as one byte, and the kernel's last message on a socket does not show
whether the FIN had come. What does show it, best first: the wire (collectors/talks.py); the state last seen; the peer's
own counters when it is on this host; a byte that the program could not have left unread; our FIN, which is acknowledged
in a close and not in a reset; that its program held it on after the last acknowledgement, for then it waited for the
FIN; and who closed first, which is the one whose 4-tuple waits in TIME_WAIT.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from collectors import diag
from collectors.destroyed import Closed
from collectors.diag import Identity

FIN_CAME = frozenset((diag.CLOSE_WAIT, diag.LAST_ACK, diag.CLOSING))
HELD_MS = 500  # events come through a work queue, some milliseconds late


class Flow(NamedTuple):
    """The addresses and ports of a socket, from its own end."""

    local_address: str
    local_port: int
    remote_address: str
    remote_port: int


def received_payload(
    closed: Closed,
    last_state: int,
    peer_sent: int | None,
    *,
    opener: bool,
    held: bool,
    waits: Callable[[Identity], bool | None],
    fin_came: bool | None = None,
) -> int:
    """Return the payload bytes a closed socket received.

    `last_state` is the state in the last scan (0: never seen), `peer_sent` the payload the other end sent if known,
    `opener` whether this end sent the SYN, `held` whether scans missed it before it was closed, `waits` returns
    whether a 4-tuple is in TIME_WAIT, where that can be asked, `fin_came` whether the peer's FIN is counted, where the
    wire showed it.
    """
    last = closed.final
    raw = last.row.received
    if not raw or not last.established:
        return raw
    if fin_came is not None:
        return raw - fin_came
    if last_state in FIN_CAME:
        return raw - 1
    if peer_sent is not None:
        return raw - (raw == peer_sent + 1)
    if last.unread:
        return raw - (last.unread == 1)
    own_fin = last.acknowledged - (last.row.sent - max(last.row.resent, 0)) - opener
    if own_fin < 1:
        return raw
    if held or last.idle_ms > HELD_MS or last_state == diag.FIN_WAIT2:
        return raw - 1
    if waits(closed.identity):
        return raw
    peer = Identity(*peer_of(closed.identity), closed.identity.uid)
    return raw if within_host(closed.identity) and waits(peer) is False else raw - 1


def flow_of(identity: Identity) -> Flow:
    """Return the 4-tuple of a socket."""
    return Flow._make(identity[:4])


def peer_of(identity: Identity) -> Flow:
    """Return the 4-tuple of the socket at the other end."""
    return Flow(identity.remote_address, identity.remote_port, identity.local_address, identity.local_port)


def within_host(flow: Flow | Identity) -> bool:
    """Return whether both ends are surely on this host."""
    local, remote = flow.local_address, flow.remote_address
    return local == remote or (local.startswith("127.") and remote.startswith("127."))


def sent_of(closed: Iterable[Closed]) -> dict[Flow, int]:
    """Return the payload that each closed socket sent, by its 4-tuple."""
    return {flow_of(one.identity): diag.sent_payload(one.final.row, True) for one in closed}

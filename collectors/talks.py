"""What segments that open and close connections show: who opened, and how many bytes went either way, exactly.

A SYN gives the number before the first byte, a FIN that after the last, and an RST both numbers at which its sender
stood (RFC 9293). A flow is written as its packets have it, seen from the sender: addresses, then ports.
"""

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from collectors.flows import reverse

FIN, SYN, RST, ACK = 1, 2, 4, 16
MOST = 16_384  # connections kept, 0.5 KB each
MOST_ALIKE = 256  # of them of one flow
_U32 = 0xFFFF_FFFF


class Talk:
    """One connection. Index 0 is the side of `flow`, which sent the SYN if one was seen, and 1 the other's."""

    __slots__ = ("alike", "before", "ends", "fin", "first", "flow", "gaps", "led", "opened", "reported", "reset")

    def __init__(self, flow: bytes, ends: int, gaps: int, before: "Talk | None") -> None:
        self.flow = flow
        self.ends = ends  # how many of its sockets are here
        self.gaps = gaps  # of packets, counted when it began
        self.before = before  # another one of the same flow, of which a socket's end is still to be reported
        self.alike: int = before.alike + 1 if before is not None else 0
        self.opened = False  # its SYN was seen
        self.first: list[int | None] = [None, None]  # number of the SYN
        self.fin: list[int | None] = [None, None]  # number of the FIN
        self.led: int | None = None  # the side whose FIN came first
        self.reset: list[tuple[int, int] | None] = [None, None]  # numbers of the RST: sent next, awaited next
        self.reported = [False, False]


class Side(NamedTuple):
    """One end of a connection."""

    talk: Talk
    side: int

    @property
    def opener(self) -> bool:
        """Return whether this end sent the SYN."""
        return self.side == 0

    @property
    def first(self) -> bool:
        """Return whether the other end is on this host too, and its socket not gone yet."""
        talk = self.talk
        return talk.ends == 2 and not talk.reported[1 - self.side] and None not in talk.first

    def flow(self) -> bytes:
        """Return its flow as this end's packets have it."""
        return self.talk.flow if self.side == 0 else reverse(self.talk.flow)

    def fin_came(self, received: int, gaps: int) -> bool | None:
        """Return whether bytes received include the peer's FIN, after so many gaps; None where that is not known.

        A socket that its program has closed is gone once its own FIN is acknowledged, and the peer's may come later.
        """
        talk, peer = self.talk, 1 - self.side
        first, fin = talk.first[peer], talk.fin[peer]
        if fin is None:
            return False if gaps == (0 if first is None else talk.gaps) else None
        if first is None:
            return True if talk.led == peer else None
        return (fin - first - received) & _U32 == 0

    def last(self, gaps: int) -> tuple[int, int] | None:
        """Return the payload bytes that this end had sent and received when it was reset, modulo 2**32.

        It was by its own RST, or by the other end's if no byte can have been lost between them.
        """
        talk, side = self.talk, self.side
        reset, first, peers_first = talk.reset[side], talk.first[side], talk.first[1 - side]
        if first is None or peers_first is None or gaps != talk.gaps:
            return None
        peers_reset = talk.reset[1 - side] if talk.ends == 2 else None
        if reset is None and peers_reset is not None:
            reset = peers_reset[::-1]
        if reset is None:  # both had finished before: then none is sent
            fin, peers_fin = talk.fin[side], talk.fin[1 - side]
            return None if fin is None or peers_fin is None else (_count(fin, first), _count(peers_fin, peers_first))
        sent, awaited = reset
        return _payload(sent, first, talk.fin[side]), _payload(awaited, peers_first, talk.fin[1 - side])


class Talks:
    """The connections that were opened, or were about to close, while somebody looked. Pure: packets are arguments."""

    def __init__(self) -> None:
        self._by_flow: dict[bytes, Talk] = {}  # by the flow of either side
        self._over: deque[Talk] = deque()
        self._reset: list[Talk] = []
        self._kept = 0
        self.gaps = 0
        """How often packets were lost, for the caller to count."""
        self.forgotten = 0
        """Connections that were too many."""

    def add(self, flow: bytes, flags: int, sequence: int, acknowledged: int, size: int, ends: int) -> None:
        """Take a segment with `size` bytes of payload, of a connection of which so many `ends` are here."""
        talk = self._by_flow.get(flow)
        if flags & SYN:
            self._open(flow, talk, flags, sequence, acknowledged, ends)
            return
        if talk is None:
            talk = self._new(flow, ends, None)
            self._over.append(talk)  # it was there before, or is a straggler
        side = 0 if talk.flow == flow else 1
        if flags & RST:
            if talk.reset[side] is None:
                talk.reset[side] = (sequence, acknowledged)
                self._reset.append(talk)
                self._over.append(talk)
        elif talk.fin[side] is None and talk.reset[1 - side] is None:
            talk.fin[side] = (sequence + size) & _U32
            talk.led = side if talk.led is None else talk.led
            if talk.fin[1 - side] is not None:
                self._over.append(talk)

    def opener(self, flow: bytes) -> bool | None:
        """Return whether the end whose packets have this flow sent the SYN of its latest connection."""
        talk = self._by_flow.get(flow)
        return talk.flow == flow if talk is not None and talk.opened else None

    def close(self, flow: bytes) -> Side | None:
        """Take the first connection of this end's flow of whose socket the end was not reported before."""
        talk, found = self._by_flow.get(flow), None
        side = 0 if talk is not None and talk.flow == flow else 1
        while talk is not None:
            at = 0 if talk.flow == flow else 1
            if not talk.reported[at]:
                found, side = talk, at
            talk = talk.before
        return self._report(found, side) if found is not None else None

    def ended(self, *, established: bool, everything: bool) -> Iterator[Side]:
        """Yield the ends here that may be those of sockets of which nothing but one port and the peer are known.

        These have sent an RST, or were refused, since `sweep`; `everything`: or gave up, or sent their last segment.
        """
        for talk in list(dict.fromkeys(self._by_flow.values())) if everything else self._reset:
            known = talk.first[0] is not None and talk.first[1] is not None
            if known and established:
                over = talk.fin[0] is not None and talk.fin[1] is not None
                yield from (Side(talk, at) for at in (0, 1) if not talk.reported[at] and (talk.reset[at] or over))
            elif talk.opened and talk.first[1] is None and not established and not talk.reported[0]:
                yield Side(talk, 0)

    def claim(self, one: Side) -> None:
        """Take an end that `ended` yielded."""
        self._report(*one)

    def sweep(self) -> None:
        """Forget what is beyond the bound: those that are over first, then the oldest."""
        self._reset = []
        while self._kept > MOST:
            talk = self._over.popleft() if self._over else next(iter(self._by_flow.values()))
            if self._by_flow.get(talk.flow) is talk:
                self.forgotten += self._forget(talk)
        if len(self._over) > 2 * MOST:
            self._over = deque(talk for talk in self._over if self._by_flow.get(talk.flow) is talk)

    def _open(self, flow: bytes, talk: Talk | None, flags: int, sequence: int, acknowledged: int, ends: int) -> None:
        opener = not flags & ACK
        if talk is not None:
            side = 0 if talk.flow == flow else 1
            first = talk.first[side]
            begun = talk.opened and (side == 0) == opener and talk.reset == [None, None]
            if first == sequence or (first is None and begun):
                talk.first[side] = sequence
                return
        before = talk if talk is not None and talk.opened else None  # else a straggler, or it was there before
        made = self._new(flow if opener else reverse(flow), ends, before)
        made.opened = True
        made.first[0 if opener else 1] = sequence
        if not opener:
            made.first[0] = (acknowledged - 1) & _U32

    def _new(self, flow: bytes, ends: int, before: Talk | None) -> Talk:
        held = self._by_flow.get(flow)
        if held is not None and (before is None or before.alike >= MOST_ALIKE):
            self.forgotten += self._forget(held) * held.opened
            before = None
        talk = Talk(flow, ends, self.gaps, before)
        self._by_flow[flow] = self._by_flow[reverse(flow)] = talk
        self._kept += 1
        return talk

    def _report(self, talk: Talk, side: int) -> Side:
        talk.reported[side] = True
        newest = self._by_flow.get(talk.flow)
        if sum(talk.reported) == talk.ends and newest is not None:
            if newest is talk:
                self._put(talk.flow, talk.before)
            else:
                while newest.before is not talk and newest.before is not None:
                    newest = newest.before
                newest.before = talk.before
            self._kept -= 1
        return Side(talk, side)

    def _forget(self, talk: Talk) -> int:
        """Forget all of a flow; return how many there were."""
        count, held = 0, self._by_flow.get(talk.flow)
        self._put(talk.flow, None)
        while held is not None:
            count, held = count + 1, held.before
        self._kept -= count
        return count

    def _put(self, flow: bytes, talk: Talk | None) -> None:
        for each in (flow, reverse(flow)):
            if talk is None:
                self._by_flow.pop(each, None)
            else:
                self._by_flow[each] = talk


def _count(number: int, first: int) -> int:
    return (number - first - 1) & _U32


def _payload(number: int, first: int, fin: int | None) -> int:
    """Return how many bytes of payload there are before a number; a FIN has one too."""
    if fin is not None and (number - fin) & _U32 == 1:
        number = fin
    return _count(number, first)

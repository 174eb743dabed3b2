"""The ends of connections as they really were, folded from the packets of one host. No product code.

Numbers of sequence and acknowledgement give the payload to the byte, whatever was sent twice.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.truth.packets import ACK, FIN, RST, SYN, TCP, UDP, Packet, Spot

_HALF = 1 << 31
_FOREVER = 1 << 63


@dataclass
class End:
    """One end of one connection, as its host's packets show it."""

    host: str
    local: Spot
    remote: Spot
    opener: bool
    began: int  # ns
    transport: str = "tcp"
    ended: int = 0  # of the last packet, ns
    established: bool = False
    over: bool = False  # closed in order, or reset
    sent: int = 0
    reset: str = ""  # who reset it: "sent", "came"
    _first: int = -1  # sequence number of our SYN
    _peer_first: int = -1
    _came: int = 0  # payload that came, without a hole
    _beyond: list[tuple[int, int]] = field(default_factory=list)
    _acknowledged: int = 0  # payload that we acknowledged
    _exact: bool = True  # all that came was taken, acknowledged or not
    _fins: set[str] = field(default_factory=set)

    @property
    def server_port(self) -> int:
        """Return the port that was connected to."""
        return (self.remote if self.opener else self.local)[1]

    @property
    def received(self) -> int:
        """Return the payload bytes that the kernel accepted."""
        return self._came if self._exact else self._acknowledged

    def send(self, packet: Packet) -> None:
        """Take a packet that this end sent."""
        self.ended = packet.at
        if packet.flags & SYN:
            self._first = packet.seq
        if packet.payload:
            self.sent = max(self.sent, _distance(self._first + 1, packet.seq) + packet.payload)
        if packet.flags & ACK and self._peer_first >= 0:
            acknowledged = _distance(self._peer_first + 1, packet.ack)
            self._acknowledged = max(self._acknowledged, min(acknowledged, self._came))
        if packet.flags & RST:  # either a close that throws away, or the answer to a segment that is not taken
            self._over("sent")
            self._exact = False
        if packet.flags & FIN:
            self._fins.add("sent")

    def take(self, packet: Packet) -> None:
        """Take a packet that came to this end."""
        self.ended = packet.at
        if packet.flags & SYN:
            self._peer_first = packet.seq
            self.established |= bool(packet.flags & ACK)
        elif packet.flags & ACK and not packet.flags & RST:
            self.established = True
        if packet.payload and not self.reset:
            start = _distance(self._peer_first + 1, packet.seq)
            self._beyond.append((start, start + packet.payload))
            for first, last in sorted(self._beyond):
                if first <= self._came:
                    self._came = max(self._came, last)
            self._beyond = [part for part in self._beyond if part[0] > self._came]
        if packet.flags & RST:
            self._over("came")
        if packet.flags & FIN:
            self._fins.add("came")
        self.over |= len(self._fins) == 2

    def _over(self, how: str) -> None:
        if not self.over:
            self.over, self.reset = True, how


def ends(host: str, packets: Iterable[Packet]) -> list[End]:
    """Return every end of a TCP connection that a host had, in the order in which they began."""
    found: list[End] = []
    now: dict[tuple[Spot, Spot], End] = {}
    for packet in packets:
        if packet.protocol != TCP:
            continue
        if packet.sent:
            _begin(host, packet, packet.source, packet.target, now, found)
            if end := now.get((packet.source, packet.target)):
                end.send(packet)
        if packet.came:
            _begin(host, packet, packet.target, packet.source, now, found)
            if end := now.get((packet.target, packet.source)):
                end.take(packet)
    return [end for end in found if end.opener or end.established]  # before that there is no socket


def datagrams(host: str, packets: Iterable[Packet]) -> list[End]:
    """Return the ends of UDP flows of a host; the end that sent first is the client. A socket may stay open."""
    found: dict[tuple[Spot, Spot], End] = {}
    for packet in packets:
        if packet.protocol == UDP:
            for there, opener, pair in (
                (packet.sent, True, (packet.source, packet.target)),
                (packet.came, False, (packet.target, packet.source)),
            ):
                if there:
                    found.setdefault(pair, End(host, *pair, opener, packet.at, "udp", _FOREVER, established=True))
    return list(found.values())


def _begin(
    host: str, packet: Packet, local: Spot, remote: Spot, now: dict[tuple[Spot, Spot], End], found: list[End]
) -> None:
    if packet.flags & (SYN | ACK) != SYN:
        return
    opener = packet.source == local
    last = now.get((local, remote))
    if last is not None and packet.seq == (last._first if opener else last._peer_first):
        return  # the same SYN again
    found.append(End(host, local, remote, opener, packet.at))
    now[local, remote] = found[-1]


def _distance(first: int, number: int) -> int:
    """Return how far a number is behind the first one."""
    far = (number - first) & 0xFFFF_FFFF
    return far if far < _HALF else far - (1 << 32)

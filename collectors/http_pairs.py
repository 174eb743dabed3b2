"""Requests and their answers, connection by connection, from the first segments of both.

A connection has one request at a time: the answer to it begins at the byte the request acknowledged. A second request
before the answer (pipelining) is not seen, nor is its answer. A segment that comes twice (sent again, or seen on two
devices) is recognised by its number.

Where no answer comes, it matters which end went first. A server that ends or resets the connection leaves the request
unanswered; a client that does so has given up. So has one whose request reached a server that had closed an idle
connection: the server acknowledges nothing of it, or its kernel resets what belongs to no connection (a RST without
ACK, RFC 9293 3.10.7.1), and clients ask again (RFC 9112 9.3.1). A client that shuts only its own direction waits for
the answer, which then counts as any other.
"""

from collections.abc import Collection, Iterator
from socket import IPPROTO_TCP
from typing import Any

from collectors.closing import Flow as Ends
from collectors.counts import PATIENCE_NS, Counts
from collectors.flows import text
from collectors.http_filter import ACK, FIN, RST, STATUS_BYTES, TOKENS
from collectors.http_tap import Segment
from collectors.sampling import sampled

ENDS = FIN | RST
MOST_FLOWS = 16_384
METHODS = {token: token.decode().rstrip() for token in TOKENS}
INTERIM = ""
SWITCHING = 101  # is an answer, other than 100 Continue and its like
# First line of an answer -> class of its status.
KINDS = {
    b"HTTP/1.%d %d" % (minor, code): f"{code // 100}xx" if code >= 200 or code == SWITCHING else INTERIM
    for minor in (0, 1)
    for code in range(100, 600)
}
Key = tuple[bytes, bytes, int, int]  # client's and server's address, client's and server's port


class Flow:
    """A connection on which something was asked. While `method` is set, a request waits."""

    __slots__ = ("at", "counts", "doubtful", "expected", "left", "method", "sent", "serves")

    def __init__(self, serves: bool) -> None:
        self.serves = serves
        self.method = ""
        self.sent = -1  # sequence number of the last request
        self.expected = -1  # of its answer
        self.at = 0
        self.left = False  # the client was the first to end the connection
        self.doubtful = False  # an answer may have passed unseen
        self.counts = Counts()

    def give_up(self) -> None:
        """Count the request that waits as one that its client gave up."""
        self.method = ""
        self.counts.given_up += 1


class Pairs:
    """The connections of one host. Requests on more of them than are held are counted, and passed over."""

    def __init__(self, most: int = MOST_FLOWS) -> None:
        self.refused = 0  # requests on more connections than are held
        self.missed = 0  # answers that were not seen, though later requests were
        self._most = most
        self._halvings = 0
        self._flows: dict[Key, Flow] = {}

    def __len__(self) -> int:
        return len(self._flows)

    def add(self, segment: Segment, everything_here: bool) -> None:
        """Take a segment. `everything_here`: both ends are on this host, as on the loopback device."""
        source, target, port, peer, sent, acknowledged, payload, at, outgoing, flags = segment
        method = METHODS.get(payload)
        if method is not None:
            self._ask((source, target, port, peer), method, sent, acknowledged, at, everything_here or not outgoing)
        elif len(payload) == STATUS_BYTES:
            flow = self._flows.get((target, source, peer, port))
            kind = KINDS.get(payload)
            if flow is not None and kind is not None and flow.method:
                self._answer(flow, kind, sent, at)
        if flags & ENDS:
            self._end(source, target, port, peer, sent, acknowledged, flags)

    def _ask(self, key: Key, method: str, sent: int, expected: int, at: int, serves: bool) -> None:
        flow = self._flows.get(key)
        if flow is None:
            if not sampled(*key[2:], self._halvings):
                return
            if len(self._flows) >= self._most:
                self.refused += 1
                return
            flow = self._flows[key] = Flow(serves)
        elif flow.sent == sent:
            return
        elif flow.method:
            if flow.left:
                flow.give_up()  # on the connection before this one, of the same ports
            elif flow.expected in (expected, -1):
                return  # pipelined
            else:
                self.missed += 1
        flow.method, flow.sent, flow.expected, flow.at = method, sent, expected, at
        flow.left = flow.doubtful = False

    def _answer(self, flow: Flow, kind: str, sent: int, at: int) -> None:
        if flow.expected not in (sent, -1):
            return
        if kind == INTERIM:
            flow.expected = -1  # the answer comes after it, wherever it begins
            return
        flow.counts.add(flow.method, kind, at - flow.at)
        flow.method = ""

    def _end(
        self, source: bytes, target: bytes, port: int, peer: int, sent: int, acknowledged: int, flags: int
    ) -> None:
        """Take the end of a connection: a FIN or RST of either end."""
        flow = self._flows.get((source, target, port, peer))
        if flow is not None and flow.method:
            if flags & RST:
                flow.give_up()
            else:
                flow.left = True
            return
        flow = self._flows.get((target, source, peer, port))
        if flow is None or not flow.method:
            return
        if flow.left or not flags & ACK or acknowledged == flow.sent:
            flow.give_up()
        elif flow.expected in (sent, -1):
            flow.method = ""
            flow.counts.unanswered += 1
        else:
            flow.doubtful = True  # it did send something

    def doubt(self) -> None:
        """Note that segments were lost: answers to requests that wait may have been among them."""
        for flow in self._flows.values():
            flow.doubtful = True

    def waiting(self) -> bool:
        """Return whether any request has no answer yet."""
        return any(flow.method for flow in self._flows.values())

    def take(self, now: int, closed: Collection[Ends]) -> Iterator[tuple[Any, ...]]:
        """Yield what was counted since the last call as rows of schemas.raw.Requests, and begin anew.

        `now` in ns since the epoch; `closed` are connections that have closed, as either end names them. A connection
        on which nothing happened meanwhile is forgotten.
        """
        for key, flow in list(self._flows.items()):
            if flow.method:
                self._settle(key, flow, now, closed)
            if flow.counts.any():
                yield _row(key, flow)
            elif not flow.method:
                del self._flows[key]

    def _settle(self, key: Key, flow: Flow, now: int, closed: Collection[Ends]) -> None:
        """Count a request that will not be answered any more."""
        if closed and _is_closed(key, closed):
            if flow.left:
                flow.give_up()
                return
            flow.method = ""
            if flow.doubtful:
                self.missed += 1
            else:
                flow.counts.unanswered += 1  # the server has vanished without a word
        elif now - flow.at > PATIENCE_NS:
            flow.give_up()

    def thin(self, halvings: int) -> None:
        """Forget the connections that will not be looked at any more; what came of them meanwhile is passed over."""
        self._halvings = halvings
        for key in [key for key in self._flows if not sampled(*key[2:], halvings)]:
            del self._flows[key]


def _is_closed(key: Key, closed: Collection[Ends]) -> bool:
    client, server, port, serving = key
    asks = Ends(text(client), port, text(server), serving)
    return asks in closed or Ends(asks.remote_address, serving, asks.local_address, port) in closed


def _row(key: Key, flow: Flow) -> tuple[Any, ...]:
    client, server, port, serving = key
    return text(client), port, text(server), serving, flow.serves, *flow.counts.take(), IPPROTO_TCP

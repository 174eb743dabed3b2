"""Requests and their answers, connection by connection, from the first segments of both.

A connection has one request at a time: the answer to it begins at the byte the request acknowledged. A second request
before the answer (pipelining) is not seen, nor is its answer. A segment that comes twice (sent again, or seen on two
devices) is told by its number.
"""

from collections.abc import Collection, Iterator
from socket import AF_INET, AF_INET6, inet_ntop
from typing import Any

from collectors.closing import Flow as Ends
from collectors.http_filter import STATUS_BYTES, TOKENS, sampled
from collectors.http_tap import Segment
from schemas.latency import bucket

PATIENCE_NS = 300 * 1_000_000_000  # a request without an answer for so long is given up
MOST_FLOWS = 16_384
METHODS = {token: token.decode().rstrip() for token in TOKENS}
INTERIM = 0
SWITCHING = 101  # is an answer, other than 100 Continue and its like
# First line of an answer -> class of its status.
KINDS = {
    b"HTTP/1.%d %d" % (minor, code): code // 100 if code >= 200 or code == SWITCHING else INTERIM
    for minor in (0, 1)
    for code in range(100, 600)
}
Key = tuple[bytes, bytes, int, int]  # client's and server's address, client's and server's port


class Flow:
    """A connection on which something was asked. While `method` is set, a request waits."""

    __slots__ = ("acknowledged", "answered", "at", "expected", "latency", "method", "sent", "serves", "unanswered")

    def __init__(self, serves: bool) -> None:
        self.serves = serves
        self.method = ""
        self.sent = -1  # sequence number of the last request
        self.expected = -1  # of its answer
        self.at = 0
        self.answered: dict[tuple[str, int], int] = {}
        self.latency: dict[int, int] = {}
        self.unanswered = 0

    def told(self) -> bool:
        """Say whether there is something to tell."""
        return bool(self.answered) or self.unanswered > 0


class Pairs:
    """The connections of one host. Requests on more of them than are held are counted, and passed over."""

    def __init__(self, most: int = MOST_FLOWS) -> None:
        self.refused = 0  # requests on more connections than are held
        self.missed = 0  # answers that were not seen, though later requests were
        self._most = most
        self._flows: dict[Key, Flow] = {}

    def __len__(self) -> int:
        return len(self._flows)

    def add(self, segment: Segment, everything_here: bool) -> None:
        """Take a segment. `everything_here`: both ends are on this host, as on the loopback device."""
        source, target, port, peer, sent, acknowledged, payload, at, outgoing = segment
        method = METHODS.get(payload)
        if method is not None:
            self._ask((source, target, port, peer), method, sent, acknowledged, at, everything_here or not outgoing)
        elif len(payload) == STATUS_BYTES:
            flow = self._flows.get((target, source, peer, port))
            kind = KINDS.get(payload)
            if flow is not None and kind is not None and flow.method:
                self._answer(flow, kind, sent, at)

    def _ask(self, key: Key, method: str, sent: int, expected: int, at: int, serves: bool) -> None:
        flow = self._flows.get(key)
        if flow is None:
            if len(self._flows) >= self._most:
                self.refused += 1
                return
            flow = self._flows[key] = Flow(serves)
        elif flow.sent == sent:
            return
        elif flow.method:
            if flow.expected in (expected, -1):
                return  # pipelined
            self.missed += 1
        flow.method, flow.sent, flow.expected, flow.at = method, sent, expected, at

    def _answer(self, flow: Flow, kind: int, sent: int, at: int) -> None:
        if flow.expected not in (sent, -1):
            return
        if kind == INTERIM:
            flow.expected = -1  # the answer comes after it, wherever it begins
            return
        count = (flow.method, kind)
        flow.answered[count] = flow.answered.get(count, 0) + 1
        held = bucket((at - flow.at) / 1000)
        flow.latency[held] = flow.latency.get(held, 0) + 1
        flow.method = ""

    def waiting(self) -> bool:
        """Say whether any request has no answer yet."""
        return any(flow.method for flow in self._flows.values())

    def take(self, now: int, closed: Collection[Ends]) -> Iterator[tuple[Any, ...]]:
        """Yield what was counted since the last call as rows of schemas.raw.Requests, and begin anew.

        `now` in ns since the epoch; `closed` are connections that have closed, as either end names them. A connection
        on which nothing happened meanwhile is forgotten.
        """
        for key, flow in list(self._flows.items()):
            if flow.method and (now - flow.at > PATIENCE_NS or (closed and _is_closed(key, closed))):
                flow.method = ""
                flow.unanswered += 1
            if flow.told():
                yield _row(key, flow)
                flow.answered, flow.latency, flow.unanswered = {}, {}, 0
            elif not flow.method:
                del self._flows[key]

    def thin(self, halvings: int) -> None:
        """Forget the requests whose answers will not be looked at any more."""
        for key in [key for key in self._flows if not sampled(*key[2:], halvings)]:
            del self._flows[key]


def _text(address: bytes) -> str:
    return inet_ntop(AF_INET if len(address) == 4 else AF_INET6, address)


def _is_closed(key: Key, closed: Collection[Ends]) -> bool:
    client, server = (_text(key[0]), key[2]), (_text(key[1]), key[3])
    return (*client, *server) in closed or (*server, *client) in closed


def _row(key: Key, flow: Flow) -> tuple[Any, ...]:
    client, server, port, serving = key
    answered = {f"{method} {kind}xx": count for (method, kind), count in sorted(flow.answered.items())}
    latency = dict(sorted(flow.latency.items()))
    return _text(client), port, _text(server), serving, flow.serves, answered, latency, flow.unanswered

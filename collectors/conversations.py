"""The connections of one network namespace by what they speak: segments are recognised, and followed where requests are
counted.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator
from socket import IPPROTO_TCP, IPPROTO_UDP
from typing import Any, TypeVar

from collectors import flows
from collectors.conversation import Conversation, Stream
from collectors.counts import PATIENCE_NS
from collectors.endpoints import Endpoint, Endpoints
from collectors.http_filter import FIN, RST
from collectors.lookups import Lookups
from collectors.name_cache import NameCache
from collectors.protocol_tap import UDP, Segment
from collectors.protocols import dns, known
from collectors.protocols.grpc import Grpc
from collectors.protocols.http_host import host_of
from collectors.protocols.parser import Parser
from collectors.protocols.tls import HANDSHAKE, client_hello, server_hello
from collectors.resting import Resting
from collectors.sampling import sampled

MOST = 8_192  # connections, those that rest included
MOST_BYTES = 16 << 20  # that all connections hold together
SHARE = 1_024  # bytes that each may hold even then
_MOST_ASKED = 4_096  # connections whose first answer is awaited
_ENDS = FIN | RST
Held = TypeVar("Held")
Listens = Callable[[bytes, int], bool]  # whether somebody here listens to an address and port


class Conversations:
    """Connections on which requests are counted, and what is known of the servers at their ends."""

    def __init__(
        self,
        listens: Listens = lambda address, port: False,
        most: int = MOST,
        name_cache: NameCache | None = None,
        hosts: NameCache | None = None,
    ) -> None:
        self.endpoints = Endpoints()
        self._refused = 0
        self.missed = 0  # requests whose answers were not seen
        self._listens = listens
        self._lookups = Lookups(name_cache)
        self._hosts = hosts
        self._most = most
        self._halvings = 0
        self._weight = 0  # bytes that all conversations hold
        self._streams: dict[bytes, Stream] = {}
        self._resting = Resting()
        self._names: OrderedDict[bytes, str] = OrderedDict()  # that clients ask for, by the flow of the answer
        self._asked: OrderedDict[bytes, tuple[known.Plain, bytes]] = OrderedDict()  # and how their requests begin

    @property
    def refused(self) -> int:
        """Return how many requests were on more connections, or held more memory, than is allowed."""
        return self._refused + self._lookups.refused

    def __len__(self) -> int:
        return len(self._streams) // 2 + len(self._resting)

    def add(self, segment: Segment, own: Collection[bytes] | None) -> None:
        """Take a segment. `own` are the addresses that are here; None where both ends are."""
        flow, sent, acknowledged, payload, size, at, outgoing, flags = segment
        if flags == UDP:
            if self._looks(flow):
                self._datagram(flow, payload, at, own)
            return
        stream = self._streams.get(flow)
        if stream is None and self._resting.has(flow, size, flags):
            stream = self._wake(flow, sent, size)
        if stream is None:
            if size < 1 or not payload or not self._looks(flow):
                return
            if own is not None and flows.source(flow)[0] not in own and flows.target(flow)[0] not in own:
                return
            if outgoing and own is not None and self._hosts is not None and (name := host_of(payload)):
                self._hosts.learn_host(name, flows.text(flows.target(flow)[0]), at)
                return
            stream = self._recognise(flow, payload, size, own, serves=own is None or not outgoing)
            if stream is None:
                return
        if size:
            stream.add(sent, acknowledged, payload, size, at)
        if flags & _ENDS:
            stream.conversation.end(flags, (sent + size) & 0xFFFF_FFFF, acknowledged, by_client=stream.from_client)
        self._weigh(stream.conversation)

    def _datagram(self, flow: bytes, payload: bytes, at: int, own: Collection[bytes] | None) -> None:
        """Take a question, or the answer to it. Those of clients that are here are counted."""
        if flows.target(flow)[1] == dns.PORT:
            if own is None or flows.source(flow)[0] in own:
                self._lookups.ask(flow, payload, at, serves=own is None)
            else:
                self._lookups.overhear(flow, payload)
        else:
            self._lookups.answer(flows.reverse(flow), payload, at)

    def _recognise(
        self, flow: bytes, payload: bytes, size: int, own: Collection[bytes] | None, *, serves: bool
    ) -> Stream | None:
        """Find out what a segment speaks; return the stream that it belongs to, if it is followed."""
        source, target = flows.source(flow), flows.target(flow)
        parser = self.endpoints.parser(target)
        if parser is None:
            if self.endpoints.parser(source) is not None:
                return None
            parser = self._look(flow, payload, size, own)
            if parser is None or not self.endpoints.suppose(target, parser):
                return None
        elif not (parser.asks_again if self.endpoints.is_confirmed(target) else parser.asks)(payload, size):
            return None
        if len(self) >= self._most:
            if not self._resting:
                self._refused += 1
                return None
            self._weight -= self._resting.drop()
        conversation = Conversation(parser(), serves=serves)
        self._hold(flow, conversation)
        return conversation.client

    def _wake(self, flow: bytes, sent: int, size: int) -> Stream | None:
        """Go on with a connection that rested; forget it if it ends, or if its flow is now that of another one."""
        client, stream = self._resting.take(flow)
        if not size or not stream.continues(sent):
            self._weight -= stream.conversation.weight
            return None
        self._hold(client, stream.conversation)
        return stream

    def _hold(self, flow: bytes, conversation: Conversation) -> None:
        self._streams[flow] = conversation.client
        self._streams[flows.reverse(flow)] = conversation.server

    def _look(self, flow: bytes, payload: bytes, size: int, own: Collection[bytes] | None) -> type[Parser] | None:
        """Note what a segment shows of a server; return the parser for what its client seems to speak."""
        source, target = flows.source(flow), flows.target(flow)
        if (waiting := self._asked.get(flow)) and waiting[0].answers(payload, size, waiting[1]):
            del self._asked[flow]
            self._learn(source, waiting[0])
        elif payload[0] == HANDSHAKE:
            if (name := client_hello(payload)) is not None:
                _note(self._names, flows.reverse(flow), name)
            elif version := server_hello(payload):
                self.endpoints.learn(source, version, self._names.pop(flow, ""))
        elif found := known.asked(payload, size):
            here = own is None or target[0] in own
            return found if self._listens(*target) or not (here or self._listens(*source)) else None
        elif found := known.greeted(payload, size):
            if self.endpoints.suppose(source, found):
                self.endpoints.learn(source, found.name)
        elif one := known.plain(payload, size):
            _note(self._asked, flows.reverse(flow), (one, payload[: known.ASKED]))
        elif known.ssh(payload, size) and self._server(source, target, own) == source:
            self.endpoints.learn(source, known.SSH)
        return None

    def _learn(self, server: Endpoint, one: known.Plain) -> None:
        """Note what a server has answered to; not every request of HTTP/2 shows gRPC."""
        if one.name != known.HTTP2 or not self.endpoints.speaks(server, Grpc.name):
            self.endpoints.learn(server, one.name, settled=one.repeats)

    def _server(self, source: Endpoint, target: Endpoint, own: Collection[bytes] | None) -> Endpoint | None:
        """Return which end serves, by who listens here; if nobody does, the end that is elsewhere."""
        for one, other in ((source, target), (target, source)):
            if self._listens(*one):
                return one
            if own is not None and one[0] in own and other[0] not in own and not self._listens(*other):
                return other
        return None

    def settle(self, now: int) -> None:
        """Confirm what servers speak, and give up what has waited too long; `now` in ns since the epoch."""
        for flow, conversation in self._held():
            server, parser = flows.target(flow), conversation.parser
            lately, conversation.lately = conversation.lately, False
            if parser.confirmed and lately:
                self.endpoints.confirm(server, parser.name, encrypted=parser.encrypted)
            elif not parser.confirmed:
                self.endpoints.doubt(server)
            conversation.give_up(now - PATIENCE_NS)
            self._weigh(conversation)

    def take(self, now: int) -> Iterator[tuple[Any, ...]]:
        """Yield what was counted up to `now`, ns, as rows of schemas.raw.Requests, and begin anew.

        A connection on which nothing happened meanwhile is forgotten, or rests if it cannot be understood without what
        is known of it. So a window costs nothing for those that rest.
        """
        for flow, conversation in self._held():
            counts = conversation.parser.counts
            self.missed += conversation.missed
            conversation.missed = 0
            if counts.any():
                client, server = flows.source(flow), flows.target(flow)
                counted = counts.take()
                if self.endpoints.is_confirmed(server):
                    yield _row(client, server, conversation.serves, counted, IPPROTO_TCP)
            elif not conversation.parser.pending():
                self._forget(flow)
                if conversation.rests():
                    self._resting.add(conversation, flow)
                    conversation.weigh()
                    self._weight += conversation.weight
        for flow, serves, counts in self._lookups.take(now):
            server = flows.target(flow)
            counted = counts.take()
            if counted[0]:
                self.endpoints.learn(server, dns.NAME)
            yield _row(flows.source(flow), server, serves, counted, IPPROTO_UDP)

    def thin(self, halvings: int) -> None:
        """Forget the connections that will not be looked at any more; what came of them meanwhile is passed over."""
        self._halvings = halvings
        self._lookups.thin(self._looks)
        for flow, _ in self._held():
            if not self._looks(flow):
                self._forget(flow)
        self._weight -= self._resting.thin(self._looks)

    def _looks(self, flow: bytes) -> bool:
        return sampled(int.from_bytes(flow[-4:-2], "big"), int.from_bytes(flow[-2:], "big"), self._halvings)

    def _held(self) -> list[tuple[bytes, Conversation]]:
        """Return the conversations by the flow of what their clients send."""
        return [(flow, stream.conversation) for flow, stream in self._streams.items() if stream.from_client]

    def _weigh(self, conversation: Conversation) -> None:
        """Add up what is held. If that is too much, forget what rests; then what this one holds beyond its share."""
        self._weight += conversation.weigh()
        while self._weight > MOST_BYTES and self._resting:
            self._weight -= self._resting.drop()
        if self._weight > MOST_BYTES and conversation.weight > SHARE:
            self._refused += conversation.refuse()
            self._weight += conversation.weigh()

    def _forget(self, flow: bytes) -> None:
        self._weight -= self._streams[flow].conversation.weight
        del self._streams[flow], self._streams[flows.reverse(flow)]


def _note(held: OrderedDict[bytes, Held], flow: bytes, value: Held) -> None:
    """Hold something about a flow; of too many, the oldest is forgotten."""
    held[flow] = value
    if len(held) > _MOST_ASKED:
        held.popitem(last=False)


def _row(client: Endpoint, server: Endpoint, serves: bool, counted: tuple[Any, ...], transport: int) -> tuple[Any, ...]:
    return flows.text(client[0]), client[1], flows.text(server[0]), server[1], serves, *counted, transport

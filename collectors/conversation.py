"""One connection whose protocol is known: its two streams, put together from segments for a parser.

Segments come twice (sent again, or seen on two devices), are cut off after some kilobytes, or do not come at all. What
is missing does no harm where the parser needs not see it, such as amid a value. Else both streams are lost: what waits
is counted as missed, and the conversation begins anew with the next segment that begins with a request.
"""

from collectors.http_filter import ACK, RST
from collectors.protocols.parser import LOST, Parser

MOST_HELD = 70_000  # bytes of a message that is not whole
WAITS = 104  # bytes of a request that waits, in memory
_MASK = 0xFFFF_FFFF
_HALF = 0x8000_0000
_REPEATED = 64 << 10  # bytes before the next one that may come again on a connection at rest


class Stream:
    """One direction of a connection."""

    __slots__ = ("asked", "blind", "conversation", "from_client", "held", "parse", "sent", "skip")

    def __init__(self, conversation: "Conversation", *, from_client: bool) -> None:
        self.conversation = conversation
        self.from_client = from_client
        self.parse = conversation.parser.client if from_client else conversation.parser.server
        self.sent = 0  # number of the next byte
        self.asked = -1  # number of the first byte of the last segment
        self.skip = 0  # bytes that need not be seen
        self.held = b""
        self.blind = False  # its messages are not followed until the parser can rejoin

    def begin(self, sent: int) -> None:
        """Begin anew with a byte."""
        self.sent, self.skip, self.held, self.blind = sent, 0, b"", False

    def continues(self, sent: int) -> bool:
        """Return whether a segment that begins with a byte is the next one, or repeats one of the last."""
        ahead = (sent - self.sent) & _MASK
        return ahead <= self.skip or ahead > _MASK - _REPEATED

    def add(self, sent: int, acknowledged: int, payload: bytes, size: int, at: int) -> None:
        """Take a segment of `size` bytes, of which `payload` are the first."""
        conversation = self.conversation
        conversation.lately = True
        if not conversation.following:
            if not self.from_client or not conversation.parser.asks_again(payload, size):
                return
            conversation.begin(payload, sent, acknowledged)
        elif self.from_client and conversation.server.blind and size and conversation.parser.rejoins:
            conversation.parser.end_unseen()
            conversation.server.begin(acknowledged)
        if self.blind and self._begins(payload):
            conversation.lose()
            self.add(sent, acknowledged, payload, size, at)
            return
        if sent != self.sent:
            ahead = (sent - self.sent) & _MASK
            if ahead < _HALF:
                if ahead <= self.skip:
                    self.skip -= ahead
                elif self._begins(payload) or not self._close_eyes(at):
                    conversation.lose()
                    self.add(sent, acknowledged, payload, size, at)
                    return
            else:
                again = _MASK + 1 - ahead
                if again >= size:
                    return
                payload, size = payload[again:], size - again
                sent += again
        self.asked, self.sent = sent, (sent + size) & _MASK
        if conversation.parser.opaque:
            return
        if self.blind:
            parser = conversation.parser
            if not parser.resumes:
                self.blind = not (len(payload) == size and parser.rejoin(payload, at))
                return
            self.blind = not parser.resume(payload, at, from_client=self.from_client)
            if self.blind:
                return
        if self.skip:
            if self.skip >= size:
                self.skip -= size
                return
            payload, size = payload[self.skip :], size - self.skip
            self.skip = 0
        if self.held:
            payload, size = self.held + payload, len(self.held) + size
            self.held = b""
        used = self.parse(payload, at)
        if used >= size:
            self.skip = used - size
        elif used != LOST and len(payload) == size and size - used <= MOST_HELD:
            self.held = payload[used:]
        elif used == LOST or not self._close_eyes(at):
            conversation.lose()

    def _begins(self, payload: bytes) -> bool:
        """Return whether a segment can only be one of a new connection between the same ports."""
        return self.from_client and self.conversation.parser.begins(payload)

    def _close_eyes(self, at: int) -> bool:
        """Go on without following messages, if that is possible in this direction."""
        parser = self.conversation.parser
        self.blind = parser.resumes or (not self.from_client and parser.rejoins)
        parser.gap(at, from_client=self.from_client)
        self.skip, self.held = 0, b""
        return self.blind


class Conversation:
    """Both directions, and the parser that they share."""

    __slots__ = ("client", "following", "lately", "left", "missed", "parser", "server", "serves", "weight")

    def __init__(self, parser: Parser, *, serves: bool) -> None:
        self.parser = parser
        self.serves = serves
        """The server is on this host."""
        self.client = Stream(self, from_client=True)
        self.server = Stream(self, from_client=False)
        self.following = False
        self.left = False  # the client was the first to end the connection
        self.lately = True  # something was said since this was last reset
        self.missed = 0  # requests whose answers were not seen
        self.weight = 0  # bytes that it held when it was last weighed

    def begin(self, payload: bytes, sent: int, acknowledged: int) -> None:
        """Follow from a segment on that begins with a request: the answer begins at the byte it acknowledges."""
        self.parser.begin(payload)
        self.parser.opaque = False
        self.client.begin(sent)
        self.server.begin(acknowledged)
        self.following, self.left = True, False

    def lose(self) -> None:
        """Stop to follow, because something that matters was not seen or is not understood."""
        self.missed += self.parser.drop()
        self._stop()

    def end(self, flags: int, sent: int, acknowledged: int, *, by_client: bool) -> None:
        """Take a FIN or RST of either end, and decide whose fault it is that requests still wait."""
        counts = self.parser.counts
        if not self.following or (by_client and not flags & RST):
            self.left |= by_client  # it may still wait for answers
            return
        self.parser.end_doubted()
        if by_client or self.left or not flags & ACK or acknowledged == self.client.asked:
            counts.given_up += self.parser.drop()
        elif sent == self.server.sent:
            counts.unanswered += self.parser.drop()
        else:
            self.missed += self.parser.drop()
        self._stop()

    def give_up(self, before: int) -> None:
        """Count the requests as given up that have waited since a time, ns."""
        if not self.parser.give_up(before):
            self._stop()

    def rests(self) -> bool:
        """Return whether it is kept while nothing happens: it goes on, and could not be understood without its past."""
        parser = self.parser
        return self.following and not self.left and parser.confirmed and not parser.opaque and parser.remembers()

    def weigh(self) -> int:
        """Return how many bytes it holds more than when it was last weighed."""
        before = self.weight
        parser, held = self.parser, len(self.client.held) + len(self.server.held)
        self.weight = WAITS * parser.pending() + parser.held() + held
        return self.weight - before

    def refuse(self) -> int:
        """Stop to follow, because all conversations together hold too much; return how many requests that drops."""
        self._stop()
        return self.parser.drop() or 1

    def _stop(self) -> None:
        self.following = False
        self.client.held = self.server.held = b""

"""Connections on which nothing happens, but of which something is known that only their beginning showed.

They cost nothing until one of their ends says something again. Of too many, the one that has rested for longest goes.
"""

from collections import OrderedDict
from collections.abc import Callable

from collectors import flows
from collectors.conversation import Conversation, Stream
from collectors.http_filter import FIN, RST

_ENDS = FIN | RST


class Resting:
    """Conversations by the flows of both of their ends, the oldest first."""

    def __init__(self) -> None:
        self._streams: OrderedDict[bytes, Stream] = OrderedDict()

    def __len__(self) -> int:
        return len(self._streams) // 2

    def add(self, conversation: Conversation, flow: bytes) -> None:
        """Hold a conversation; `flow` is that of what its client sends."""
        conversation.parser.rest()
        self._streams[flow] = conversation.client
        self._streams[flows.reverse(flow)] = conversation.server

    def has(self, flow: bytes, size: int, flags: int) -> bool:
        """Return whether a segment says or ends something on a connection that rests."""
        return (size > 0 or flags & _ENDS != 0) and flow in self._streams

    def take(self, flow: bytes) -> tuple[bytes, Stream]:
        """Hold a conversation no longer; return the flow of its client, and the stream of a flow of either end."""
        stream, back = self._streams.pop(flow), flows.reverse(flow)
        del self._streams[back]
        return (flow if stream.from_client else back), stream

    def drop(self) -> int:
        """Forget the conversation that has rested for longest; return how many bytes it held."""
        return self.take(next(iter(self._streams)))[1].conversation.weight

    def thin(self, kept: Callable[[bytes], bool]) -> int:
        """Forget the conversations whose flow is not to be kept; return how many bytes they held."""
        gone = [flow for flow, stream in self._streams.items() if stream.from_client and not kept(flow)]
        return sum(self.take(flow)[1].conversation.weight for flow in gone)

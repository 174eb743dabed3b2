"""Questions to DNS servers and their answers, which have the same number and come the way back."""

from collections import OrderedDict
from collections.abc import Callable, Iterator

from collectors import flows
from collectors.counts import Counts
from collectors.name_cache import NameCache
from collectors.protocols import dns
from collectors.protocols.dns import message

PATIENCE_NS = 5 * 1_000_000_000  # a question without an answer for so long has none, and its client asks again
MOST = 16_384
MOST_OVERHEARD = 4_096


class Lookups:
    """The questions of the clients of one network namespace, by flow. Those that are too many are counted.

    If names are wanted, those of answers go to `name_cache`, also where the client is elsewhere.
    """

    def __init__(self, name_cache: NameCache | None = None, most: int = MOST) -> None:
        self.refused = 0
        self._name_cache = name_cache
        self._most = most
        self._waiting: dict[tuple[bytes, int], tuple[dns.Message, int]] = {}  # by flow and number, and when
        self._overheard: OrderedDict[tuple[bytes, int], dns.Message] = OrderedDict()  # of others, the latest
        self._counts: dict[bytes, tuple[Counts, bool]] = {}  # by flow, with whether the server is on this host

    def ask(self, flow: bytes, payload: bytes, at: int, *, serves: bool) -> None:
        """Take a question. One that is asked again counts once, from the first time."""
        found = message(payload)
        if found is None or found.result:
            return
        if len(self._waiting) >= self._most or len(self._counts) >= self._most:
            self.refused += 1
            return
        self._counts.setdefault(flow, (Counts(), serves))
        self._waiting.setdefault((flow, found.number), (found, at))

    def overhear(self, flow: bytes, payload: bytes) -> None:
        """Take a question of a client that is elsewhere, such as in a container. It is not counted here."""
        found = message(payload) if self._name_cache is not None else None
        if found is not None and not found.result:
            self._overheard[flow, found.number] = found
            if len(self._overheard) > MOST_OVERHEARD:
                self._overheard.popitem(last=False)

    def answer(self, flow: bytes, payload: bytes, at: int) -> None:
        """Take an answer; `flow` is that of its question."""
        found = message(payload)
        if found is None or not found.result:
            return
        asked, since = self._waiting.pop((flow, found.number), (None, 0))
        if asked is not None:
            self._counts[flow][0].add(asked.operation, found.result, at - since)
        else:
            asked = self._overheard.pop((flow, found.number), None)
        # Only an answer to the very question names anything.
        if self._name_cache is not None and asked is not None and found.asked.lower() == asked.asked.lower():
            name = dns.name_of(found.asked)
            for address, seconds in dns.given(payload, found.asked) if name else ():
                self._name_cache.learn(name, flows.text(address), at, seconds)

    def take(self, now: int) -> Iterator[tuple[bytes, bool, Counts]]:
        """Yield what was counted by flow, with whether the server is here, and begin anew."""
        for key in [key for key, (_, at) in self._waiting.items() if at < now - PATIENCE_NS]:
            del self._waiting[key]
            self._counts[key[0]][0].unanswered += 1
        waiting = {flow for flow, _ in self._waiting}
        for flow, (counts, serves) in list(self._counts.items()):
            if counts.any():
                yield flow, serves, counts
            if flow not in waiting:
                del self._counts[flow]

    def thin(self, kept: Callable[[bytes], bool]) -> None:
        """Forget the flows that are not to be kept."""
        self._waiting = {key: waiting for key, waiting in self._waiting.items() if kept(key[0])}
        self._counts = {flow: counts for flow, counts in self._counts.items() if kept(flow)}
        self._overheard.clear()

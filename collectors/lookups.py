"""Questions to DNS servers and their answers, which have the same number and come the way back."""

from collections.abc import Iterator

from collectors.counts import Counts
from collectors.protocols.dns import message

PATIENCE_NS = 5 * 1_000_000_000  # a question without an answer for so long has none, and its client asks again
MOST = 16_384


class Lookups:
    """The questions of the clients of one network namespace, by flow. Those that are too many are counted."""

    def __init__(self, most: int = MOST) -> None:
        self.refused = 0
        self._most = most
        self._waiting: dict[tuple[bytes, int], tuple[str, int]] = {}  # flow and number -> type, and when
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
        self._waiting.setdefault((flow, found.number), (found.operation, at))

    def answer(self, flow: bytes, payload: bytes, at: int) -> None:
        """Take an answer; `flow` is that of its question."""
        found = message(payload)
        if found is None or not found.result:
            return
        asked = self._waiting.pop((flow, found.number), None)
        if asked is not None:
            self._counts[flow][0].add(asked[0], found.result, at - asked[1])

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

    def clear(self) -> None:
        """Forget what waits."""
        self._waiting.clear()

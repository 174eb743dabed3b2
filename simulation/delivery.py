"""How records reach the log: late, twice, topics out of step. What a partition promises is kept.

The records of a host and topic come in their order; repeated ones come whenever they like.
"""

from collections.abc import Iterable
from heapq import heappop, heappush
from itertools import count
from operator import attrgetter
from random import Random

from schemas import topics
from simulation.records import SimRecord

_USUAL_MS = 250  # within this time after a window its records come
_REPEATED = 0.5  # of the records of a host that sends twice
_REPEATED_WITHIN_MS = 20_000
_LAG = {topic.name: 1 - nth / 10 for nth, topic in enumerate(topics.RAW)}  # of topics, as shares of the lateness
_TIMESTAMP = attrgetter("timestamp")


class Delivery:
    """Hands records on, at the time when the log has them."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._late: dict[bytes, float] = {}  # by host, s
        self._doubled: dict[bytes, None] = {}
        self._last: dict[tuple[bytes, str], int] = {}  # when the last record of a late host comes
        self._waiting: list[tuple[int, int, SimRecord]] = []
        self._numbers = count()

    def calm(self) -> None:
        """Let records come at once from now on."""
        self._late, self._doubled = {}, {}

    def disturb(self, host: bytes, kind: str, size: float) -> None:
        """Let the records of a host be late or doubled."""
        if kind == "late":
            self._late[host] = max(self._late.get(host, 0.0), size)
        else:
            self._doubled[host] = None

    def turn(self, records: Iterable[SimRecord], until: int) -> list[SimRecord]:
        """Take the records of a window; return those that come by its end."""
        if not (self._late or self._doubled or self._waiting or self._last):
            return sorted(records, key=_TIMESTAMP)
        arrived: list[SimRecord] = []
        for record in records:
            due = self._due(record)
            self._put(due, record)
            if record.key in self._doubled and self._random.random() < _REPEATED:
                self._put(due + int(self._random.random() * _REPEATED_WITHIN_MS), record)
        while self._waiting and self._waiting[0][0] <= until + _USUAL_MS:
            due, _, record = heappop(self._waiting)
            arrived.append(record._replace(timestamp=due))
        self._last = {place: last for place, last in self._last.items() if last > until}
        return arrived

    def flush(self) -> list[SimRecord]:
        """Return all that is still on its way."""
        left = [record._replace(timestamp=due) for due, _, record in sorted(self._waiting)]
        self._waiting = []
        return left

    def _due(self, record: SimRecord) -> int:
        lag = self._late.get(record.key, 0.0) * _LAG.get(record.topic, 1.0)
        place = (record.key, record.topic)
        due = max(record.timestamp + round(lag * 1000), self._last.get(place, 0))
        if lag or place in self._last:
            self._last[place] = due
        return due

    def _put(self, due: int, record: SimRecord) -> None:
        heappush(self._waiting, (due, next(self._numbers), record))

"""Which raw records a range needs, and reading them in the order in which they were logged.

Before the range: the records that rebuild a host's state, a stretch of the time that it was *awake*. For a host that
slept or was away, they lie further back. After the range: later records may change earlier windows (an owner found
late: by 12 windows; an end that is backdated: by an hour; silence, and what vanished in it: when the host next
reports). So every host is read until it has reported a time past all of that, or to the end of the log.
"""

import heapq
from collections.abc import Iterator
from contextlib import suppress

from log.protocol import Log, Record
from schemas import topics
from schemas.codec import BadRecord, decode
from servicemap.replay.span import Span
from streams.frame import BACKDATE_MS
from streams.pair import BACK_MS
from streams.rewind import STRETCH_MS

GRACE_MS = 120_000  # late owners (12 windows of 5 s) and the way from a window into the log
AFTER_MS = BACK_MS + BACKDATE_MS + GRACE_MS
BLOCK = 2_000  # heartbeats looked through at once on the way back

Place = tuple[str, int]  # topic, partition


class Reading:
    """The records of a range. Each call of `records` goes on where the last one stopped, to what is the end by then.

    `owed` are hosts known to have rows in the range: they are waited for even if they did not report near it.
    """

    def __init__(self, log: Log, partitions: int, span: Span, owed: set[str]) -> None:
        self.done = 0
        self.windows = 0
        self._log = log
        self._span = span
        self._begin = span.start - STRETCH_MS - GRACE_MS
        self._last = span.end + AFTER_MS
        self._first = {
            (topic.name, partition): log.offset_at(topic.name, partition, self._begin)
            for topic in topics.RAW
            for partition in range(partitions)
        }
        self.at: dict[Place, int] = dict(self._first)
        self._latest: dict[str, int] = dict.fromkeys(owed, -1)  # host -> latest window
        self._met: set[str] = set()

    @property
    def settled(self) -> bool:
        """Return whether no later record can change the range."""
        return bool(self._latest) and all(window >= self._last for window in self._latest.values())

    @property
    def missing_since(self) -> int | None:
        """Return where the log begins, ms, when that is too late for the range; None when all is there."""
        begins = [
            next((record.timestamp for record in self._log.read(topic, partition, first, end)), 0)
            for topic, partition in self._first
            for first, end in [self._log.bounds(topic, partition)]
            if first > 0
        ]
        return max((begin for begin in begins if begin > self._begin), default=None)

    def expected(self) -> int:
        """Return about how many records there are to read, those done included."""
        ends = [self._log.offset_at(topic, partition, self._last) for topic, partition in self._first]
        return sum(ends) - sum(self._first.values())

    def records(self) -> Iterator[Record]:
        """Iterate the records, oldest first, each host's earlier ones when it is first met."""
        ends = {place: self._log.bounds(*place).end for place in self.at}
        streams = [self._log.read(*place, start, ends[place]) for place, start in self.at.items()]
        for record in heapq.merge(*streams, key=lambda record: record.timestamp):
            over = record.timestamp >= self._last
            if over and self.settled:
                return
            self.at[record.topic, record.partition] = record.offset + 1
            self.done += 1
            yield from self._followed(record, over)

    def _followed(self, record: Record, over: bool) -> Iterator[Record]:
        host = record.key.decode(errors="replace")
        latest = self._latest.get(host, -1)
        if (over and host not in self._latest) or latest >= self._last:
            return
        beats = record.topic == topics.HEARTBEATS.name
        window = _window(record) if beats or host not in self._met else None
        if host not in self._met and window is not None:
            self._met.add(host)
            if window > self._span.start - STRETCH_MS:
                yield from self._earlier(record)
        if beats and window is not None:
            self._latest[host] = max(latest, window)
            self.windows += self._span.holds(window)
        yield record

    def _earlier(self, met: Record) -> Iterator[Record]:
        """Iterate what a host that was not awake before the range had logged before that."""
        since = self._awake(met)
        if since is None:
            return
        streams = []
        for topic in topics.RAW:
            start = self._log.offset_at(topic.name, met.partition, since - GRACE_MS)
            streams.append(self._log.read(topic.name, met.partition, start, self._first[topic.name, met.partition]))
        for record in heapq.merge(*streams, key=lambda record: record.timestamp):
            if record.key == met.key:
                self.done += 1
                yield record

    def _awake(self, met: Record) -> int | None:
        """Return when the log took the first window of the host's last stretch awake; None if it never reported."""
        topic = topics.HEARTBEATS.name
        stop = self._first[topic, met.partition]
        first, _ = self._log.bounds(topic, met.partition)
        last = found = None
        while stop > first:
            start = max(first, stop - BLOCK)
            for record in reversed(list(self._log.read(topic, met.partition, start, stop))):
                window = _window(record) if record.key == met.key else None
                if window is None or window >= self._span.start:
                    continue
                last = window if last is None else last
                found = record.timestamp
                if window <= last - STRETCH_MS:
                    return found
            stop = start
        return found


def _window(record: Record) -> int | None:
    """Return the window of a record; None when it is none that the folds would take."""
    with suppress(BadRecord):
        return int(decode(record.topic, record.value, record.timestamp).window)
    return None

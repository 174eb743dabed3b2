"""Names of the hosts of raw records: their id, unless several report under it (schemas/lives.py).

The same verdicts as those of the folds, from the same heartbeats: a host that reports under another's id is a host of
its own in every table, and what a second agent reports about the same host is not stored.
"""

from contextlib import suppress
from typing import Any

from msgspec import structs

from log.protocol import History, Record
from schemas.codec import BadRecord, decode
from schemas.lives import Lives
from schemas.raw import Batch, Heartbeat, HostFacts, LinkBatch

LOOK_BACK_MS = 300_000  # as far as the folds do (streams/rewind.py)
MOST_HOSTS = 100_000
MOST_WAITING = 1_000


class HostNames:
    """Takes heartbeats in the order of the log, and names what is stored. `past` is a log to look back in, if any."""

    def __init__(self, past: History | None = None) -> None:
        self._past = past
        self._next: dict[int, int] = {}  # partition -> offset
        self._lives: dict[str, Lives] = {}
        self._waiting: dict[tuple[str, str, int], Record] = {}  # what a host is, until it is known which one

    def take_stored(self, record: Record, beat: Heartbeat) -> None:
        """Take a heartbeat that is stored; where earlier ones of its partition were not seen here, take them first."""
        if self._past is not None and record.offset > self._next.get(record.partition, -1):
            since = self._past.offset_at(record.topic, record.partition, record.timestamp - LOOK_BACK_MS)
            first = max(since, self._next.get(record.partition, 0))
            for before in self._past.read(record.topic, record.partition, min(first, record.offset), record.offset):
                self.take(before)
        self._next[record.partition] = record.offset + 1
        self._of(beat).take(beat)

    def take(self, record: Record) -> None:
        """Take a heartbeat that is not stored, if it is one."""
        with suppress(BadRecord):
            beat = decode(record.topic, record.value)
            self._of(beat).take(beat)

    def named(self, record: Record, batch: Any) -> Any:
        """Return a batch under the name of its host; none when another agent leads there, or may do so."""
        if isinstance(batch, Heartbeat):
            self.take_stored(record, batch)
            return self._renamed(batch)
        if not isinstance(batch, HostFacts | LinkBatch):
            return batch
        found = self._renamed(batch)
        # What a host is may come once; its links come again with the next keyframe.
        if found is None and isinstance(batch, HostFacts) and batch.hostname and self._undecided(batch):
            self._waiting[batch.host_id, batch.boot_id, batch.run] = record
            if len(self._waiting) > MOST_WAITING:
                del self._waiting[next(iter(self._waiting))]
        return found

    def decided(self, batch: Any) -> list[Record]:
        """Return the record that waited for this heartbeat to give its name."""
        if not isinstance(batch, Heartbeat) or self._undecided(batch):
            return []
        waiting = self._waiting.pop((batch.host_id, batch.boot_id, batch.run), None)
        return [] if waiting is None else [waiting]

    def _of(self, batch: Batch) -> Lives:
        lives = self._lives.pop(batch.host_id, None) or Lives()
        self._lives[batch.host_id] = lives  # last, so that those silent for longest come first
        if len(self._lives) > MOST_HOSTS:
            del self._lives[next(iter(self._lives))]
        return lives

    def _renamed(self, batch: Any) -> Any:
        lives, run = self._of(batch), (batch.boot_id, batch.run)
        spot = lives.spot(run)
        if spot is None or (leader := lives.seat(spot).leader) is None:
            others = lives.others(run)
            alone = not others or (others == {spot} and isinstance(batch, Heartbeat))
            return batch if alone else None
        if leader.run != run:
            return None
        name = lives.seat(spot).name
        return batch if name == batch.host_id else structs.replace(batch, host_id=name)

    def _undecided(self, batch: Any) -> bool:
        spot = self._of(batch).spot((batch.boot_id, batch.run))
        return spot is None or self._of(batch).seat(spot).leader is None

"""A stage that follows the partitions a Faust app was given: rebuilt first, then brought forward record by record.

What Faust does not promise is done here. A record is acknowledged once what it made stands in the log, and offsets
are committed behind acknowledged records only. Records that Faust passes over, as it may around a rebalance, are read
from the log itself.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from aiokafka.errors import MessageSizeTooLargeError  # type: ignore[import-untyped]
from msgspec import Struct

from log.protocol import History, Record
from schemas.topics import BY_NAME, Topic
from streams.rewind import stretch
from streams.stage import Emission, Stage, dead_letter

log = logging.getLogger(__name__)

READ_RECORDS = 200  # of the past, at once
FIRST_WAIT, LONGEST_WAIT = 0.1, 5.0  # before what failed is tried again, seconds
Committed = Callable[[Stage, Topic, int], int | None]
Send = Callable[[Emission], Awaitable[Awaitable[object]]]  # handed over, then acknowledged


class Place(Struct):
    """A partition's state: the group's generation in which it was built, and the offsets before which it has all."""

    generation: int
    offsets: dict[str, int]


class Follower:
    """Brings one stage forward, in one event loop. `busy` while records are being folded."""

    def __init__(
        self, stage: Stage, past: History, committed: Committed, send: Send, generation: Callable[[], int]
    ) -> None:
        self.counters: Counter[str] = Counter()
        self.busy = False
        self._stage = stage
        self._past = past
        self._committed = committed
        self._send = send
        self._generation = generation
        self._places: dict[int, Place] = {}
        self._made: list[tuple[Record, Emission]] = []  # what is not known to stand in the log

    async def take(self, events: Sequence[Any]) -> None:
        """Fold the records of Faust events, write what they make, acknowledge them.

        Holds the stream while that cannot be done, and never raises: an exception that leaves an agent loses records.
        """
        self.busy = True
        wait = FIRST_WAIT
        while True:
            try:
                await self._turn([event for event in events if event.message.generation_id == self._generation()])
                break
            except Exception as error:
                self.counters["retries"] += 1
                if self.counters["retries"] in {1, 10} or self.counters["retries"] % 100 == 0:
                    log.warning("%s cannot go on, trying again: %r", self._stage.name, error)
                await asyncio.sleep(wait)
                wait = min(LONGEST_WAIT, wait * 2)
        self.counters["turns"] += 1
        self.busy = False

    def drop(self, partitions: Iterable[int]) -> None:
        """Forget partitions that another worker may have now."""
        for partition in partitions:
            self._places.pop(partition, None)
            self._stage.drop(partition)

    async def _turn(self, events: Sequence[Any]) -> None:
        """Go on with what the assignment in force brought; what an older one did comes again, here or elsewhere."""
        for event in events:
            await self._follow(_logged(event.message))
        await self._write()
        for event in events:
            event.ack()

    async def _follow(self, record: Record) -> None:
        place = self._places.get(record.partition)
        if place is None or place.generation != self._generation():
            place = await self._rebuild(record.partition)
        next_offset = place.offsets[record.topic]
        if record.offset > next_offset:
            await self._fold(self._past.read(record.topic, record.partition, next_offset, record.offset))
        if record.offset >= next_offset:
            place.offsets[record.topic] = record.offset + 1
            self._feed(record)
        await asyncio.sleep(0)  # what was made goes out meanwhile

    async def _rebuild(self, partition: int) -> Place:
        """Build a partition's state up to where the group goes on."""
        generation = self._generation()
        self.drop([partition])
        offsets = await asyncio.to_thread(self._offsets, partition)
        await self._fold(stretch(self._past, self._stage, partition, offsets))
        self.counters["rebuilt"] += 1
        place = self._places[partition] = Place(generation, offsets)
        return place

    def _offsets(self, partition: int) -> dict[str, int]:
        return {topic.name: self._committed(self._stage, topic, partition) or 0 for topic in self._stage.reads}

    async def _fold(self, records: Iterator[Record]) -> None:
        """Fold records of the past, which are read in a thread: reading waits for the broker."""
        while chunk := await asyncio.to_thread(lambda: list(islice(records, READ_RECORDS))):
            for record in chunk:
                self._feed(record)
                await asyncio.sleep(0)
            await self._write()

    def _feed(self, record: Record) -> None:
        for emission in self._stage.feed(record):
            limit = BY_NAME[emission.topic].max_bytes
            if len(emission.value) > limit:
                emission = self._too_large(record, emission)
            self._made.append((record, emission))

    async def _write(self) -> None:
        """Return when all that was made stands in the log; raises the first failure and keeps what failed."""
        sent = [await self._send(emission) for _, emission in self._made]
        answers = await asyncio.gather(*sent, return_exceptions=True)
        made, self._made = self._made, []
        for (record, emission), answer in zip(made, answers, strict=True):
            if isinstance(answer, MessageSizeTooLargeError):
                self._made.append((record, self._too_large(record, emission)))
            elif isinstance(answer, BaseException):
                self._made.append((record, emission))
        failures = [answer for answer in answers if isinstance(answer, BaseException)]
        if failures:
            raise failures[0]

    def _too_large(self, record: Record, emission: Emission) -> Emission:
        self._stage.counters["too_large"] += 1
        reason = f"made a record of {len(emission.value)} bytes, which is too large for topic {emission.topic}"
        return dead_letter(self._stage.name, record, reason)


def _logged(message: Any) -> Record:
    """Return a Faust message as a record; Faust has its time in seconds."""
    return Record(
        message.topic,
        message.partition,
        message.offset,
        round(message.timestamp * 1000),
        message.key or b"",
        message.value,
    )

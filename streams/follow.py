"""A stage that follows the partitions of a Faust app: its state is rebuilt first, then each record is folded.

This adds what Faust does not guarantee. A record is acknowledged when its emissions are in the log, and only offsets of
acknowledged records are committed. Records that Faust skips, as it may at a rebalance, are read from the log itself.
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
from schemas.retries import count_retry, pauses
from schemas.topics import BY_NAME, Topic
from streams.rewind import stretch
from streams.stage import Emission, Stage, dead_letter

logger = logging.getLogger(__name__)

READ_RECORDS = 200  # the most records of the past that are read at once
Committed = Callable[[Stage, Topic, int], int | None]
Send = Callable[[Emission], Awaitable[Awaitable[object]]]  # buffered, then acknowledged


class Place(Struct):
    """The state of a partition: the group's generation that built it, and the next offset of each topic."""

    generation: int
    offsets: dict[str, int]


class Follower:
    """Drives one stage, in one event loop. `busy` while records are being folded."""

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
        self._emitted: list[tuple[Record, Emission]] = []  # not known to be in the log yet

    async def take(self, events: Sequence[Any]) -> None:
        """Fold the records of Faust events, append their emissions, acknowledge the records.

        Hold the stream while that is impossible. Never raise: an exception that leaves an agent loses records.
        """
        self.busy = True
        for pause in pauses():
            try:
                await self._turn([event for event in events if event.message.generation_id == self._generation()])
                break
            except Exception as error:
                count_retry(self.counters, logger, "%s cannot go on, trying again: %r", self._stage.name, error)
                await asyncio.sleep(pause)
        self.counters["turns"] += 1
        self.busy = False

    def drop(self, partitions: Iterable[int]) -> None:
        """Forget partitions that another worker may have now."""
        for partition in partitions:
            self._places.pop(partition, None)
            self._stage.drop(partition)

    async def _turn(self, events: Sequence[Any]) -> None:
        """Take events of the present assignment; those of an older one come again, to this worker or another."""
        for event in events:
            await self._follow(_record(event.message))
        await self._append()
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
        await asyncio.sleep(0)  # emissions are sent meanwhile

    async def _rebuild(self, partition: int) -> Place:
        """Build the state of a partition up to where the group goes on."""
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
        """Fold records of the past. A thread reads them, because reading waits for the broker."""
        while chunk := await asyncio.to_thread(lambda: list(islice(records, READ_RECORDS))):
            for record in chunk:
                self._feed(record)
                await asyncio.sleep(0)
            await self._append()

    def _feed(self, record: Record) -> None:
        for emission in self._stage.feed(record):
            limit = BY_NAME[emission.topic].max_bytes
            if len(emission.value) > limit:
                emission = self._too_large(record, emission)
            self._emitted.append((record, emission))

    async def _append(self) -> None:
        """Return when all emissions are in the log; keep those that failed, and raise the first failure."""
        sent = [await self._send(emission) for _, emission in self._emitted]
        answers = await asyncio.gather(*sent, return_exceptions=True)
        emitted, self._emitted = self._emitted, []
        for (record, emission), answer in zip(emitted, answers, strict=True):
            if isinstance(answer, MessageSizeTooLargeError):
                self._emitted.append((record, self._too_large(record, emission)))
            elif isinstance(answer, BaseException):
                self._emitted.append((record, emission))
        failures = [answer for answer in answers if isinstance(answer, BaseException)]
        if failures:
            raise failures[0]

    def _too_large(self, record: Record, emission: Emission) -> Emission:
        self._stage.counters["too_large"] += 1
        reason = f"emitted a record of {len(emission.value)} bytes, which is too large for topic {emission.topic}"
        return dead_letter(self._stage.name, record, reason)


def _record(message: Any) -> Record:
    """Return a Faust message as a record; Faust has the time in seconds."""
    return Record(
        message.topic,
        message.partition,
        message.offset,
        round(message.timestamp * 1000),
        message.key or b"",
        message.value,
    )

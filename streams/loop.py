"""The folds on one machine: a plain loop that reads, folds, appends, and then commits."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from log.protocol import Log, LogUnavailable, Reader, Record, RecordTooLarge
from schemas.retries import count_retry, pauses
from schemas.topics import Topic
from streams.rewind import stretch
from streams.stage import Emission, Stage, dead_letter

logger = logging.getLogger(__name__)

POLL_RECORDS = 200
Done = TypeVar("Done")
IDLE_SECONDS = 0.4  # how long all stages together wait for records; with 0.1 s an idle worker takes three times the CPU


class Loop:
    """Drives stages, one after the other, each with its reader."""

    def __init__(
        self,
        log: Log,
        stages: Sequence[tuple[Stage, Reader]],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.counters: Counter[str] = Counter()
        self._log = log
        self._stages = stages
        self._sleep = sleep

    def rebuild(self, committed: Callable[[Stage, Topic, int], int | None], partitions: int) -> None:
        """Build the state of every stage up to where its reader goes on."""
        for stage, _ in self._stages:
            for partition in range(partitions):
                offsets = {topic.name: committed(stage, topic, partition) or 0 for topic in stage.reads}
                self._fold(stage, stretch(self._log, stage, partition, offsets))

    def run(self, stopped: Callable[[], bool], drained: Callable[[], bool] = lambda: True) -> None:
        """Run until stopped, and then until the log has no more records and `drained` confirms it."""
        while True:
            stopping = stopped()
            busy = sum(self.turn(stage, reader) for stage, reader in self._stages)
            if stopping and not busy and drained():
                return

    def turn(self, stage: Stage, reader: Reader) -> int:
        """Poll once, fold, append, commit; return the number of records."""
        records = self._until_done(lambda: reader.poll(IDLE_SECONDS / len(self._stages), POLL_RECORDS))
        if records:
            self._fold(stage, records)
            try:
                reader.commit()
            except LogUnavailable as error:  # the next commit includes this one, and reading again does no harm
                self._count(error)
        return len(records)

    def _fold(self, stage: Stage, records: Iterable[Record]) -> None:
        for record in records:
            for emission in stage.feed(record):
                self._append(stage, record, emission)
        self._until_done(self._log.flush)

    def _append(self, stage: Stage, record: Record, emission: Emission) -> None:
        def append() -> None:
            self._log.append(emission.topic, emission.key, emission.value, partition=emission.partition)

        try:
            self._until_done(append)
        except RecordTooLarge as error:
            stage.counters["too_large"] += 1
            letter = dead_letter(stage.name, record, f"emitted a record that is too large: {error}")
            self._until_done(lambda: self._log.append(letter.topic, letter.key, letter.value))

    def _until_done(self, work: Callable[[], Done]) -> Done:
        """Retry while the log is unavailable; the stream waits, so no record is lost."""
        for pause in pauses():
            try:
                return work()
            except LogUnavailable as error:
                self._count(error)
                self._sleep(pause)
        raise AssertionError

    def _count(self, error: LogUnavailable) -> None:
        count_retry(self.counters, logger, "the log cannot be used, trying again: %s", error)

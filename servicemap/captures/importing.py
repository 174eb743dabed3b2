"""Copy the records of a capture into a log: each into its partition, in their order, with their times.

A partition that holds a beginning of what the capture has is gone on with, so an import may be repeated. One that holds
anything else is refused. A new local log gets its name when it is whole.
"""

import heapq
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import Struct, field

from log.capture import Part
from log.capture_reader import CaptureReader
from log.open import open_log
from log.protocol import Log, Record
from log.settings import LogSettings
from schemas import topics
from schemas.text import shown
from schemas.times import HOUR_MS, iso
from schemas.topics import Topic
from servicemap.config import Config
from servicemap.directory import held
from servicemap.options import Failure

CHECK_RECORDS = 200  # between two words on progress

Report = Callable[[str, int, int], None]  # the step, the records done, and all of them


class Imported(Struct):
    """What an import did: records that it added, that were there already, and topics that it left out."""

    records: int = 0
    there: int = 0
    left_out: list[str] = field(default_factory=list)


def import_file(config: Config, file: Path, report: Report) -> Imported:
    """Check a capture, and add its records to the log of a configuration."""
    with closing(CaptureReader(file, lambda done, of: report("checking", done, of))) as capture:
        if config.log.url:
            return import_into(config.log_settings, capture, report)
        with held(config.directory, lambda sentence: report(sentence, 0, 0)):  # nobody else collects into it meanwhile
            return import_into(config.log_settings, capture, report)


def import_into(settings: LogSettings, capture: CaptureReader, report: Report) -> Imported:
    """Add the records of a capture to a log; Failure, and nothing added, where they would not fit."""
    with _opened(settings) as log:
        there = {info.name: info.partitions for info in log.topics()}
        parts = [part for part in capture.manifest.parts if part.topic in topics.BY_NAME or part.topic in there]
        declared = _declared(settings, capture, there)
        for part in parts:
            if part.topic in declared and not (settings.kafka and part.topic in there):
                _check_kept(part, declared[part.topic], int(time.time() * 1000))
        log.create(declared.values())
        begun = {(part.topic, part.partition): _there(log, part, capture, settings) for part in parts}
        done = Imported(left_out=sorted({part.topic for part in capture.manifest.parts} - {one.topic for one in parts}))
        done.there = sum(begun.values())
        _append(log, parts, begun, capture, done, report)
    return done


@contextmanager
def _opened(settings: LogSettings) -> Iterator[Log]:
    """Open a log; a local one that is not there yet is made under another name, and is gone if this fails."""
    if settings.kafka or settings.path.exists():
        with closing(open_log(settings)) as log:
            yield log
        return
    path = settings.path.absolute()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=f".{path.name}.import-", dir=path.parent) as making:
            fresh = Path(making) / path.name
            with closing(open_log(fresh)) as log:
                yield log
            fresh.rename(path)
    except OSError as error:
        raise Failure(f"cannot write {shown(str(path))}: {error.strerror or error}") from None


def _declared(settings: LogSettings, capture: CaptureReader, there: dict[str, int]) -> dict[str, Topic]:
    """Return the topics to make, with the partitions that the capture has, so that keys stay where they are."""
    copied = capture.manifest.partitions
    usual = copied.get(topics.HEARTBEATS.name, settings.new_partitions)
    found = {}
    for topic in settings.topics():
        partitions = copied.get(topic.name) or there.get(topic.name, usual)
        if topic.name in copied and there.get(topic.name, partitions) != partitions:
            raise Failure(
                f"{shown(topic.name)} has {partitions} partitions in the capture and {there[topic.name]} in the log:"
                " import it into a new log, with --data DIR or --log"
            )
        found[topic.name] = replace(topic, partitions=partitions)
    return found


def _check_kept(part: Part, topic: Topic, now: int) -> None:
    """Refuse records that the log would delete at once."""
    if topic.compacted:
        return
    if part.first < now - topic.retention_ms:
        raise Failure(
            f"the log keeps {part.topic} for {topic.retention_ms / HOUR_MS:g} h, and the capture has records of"
            f" {iso(part.first)}: set SERVICEMAP_LOG__KEEP_HOURS={(now - part.first) // HOUR_MS + 24}, or look at the"
            " capture alone with `servicemap up --from FILE`"
        )
    if (size := sum(block.size for block in part.blocks)) > topic.retention_bytes:
        raise Failure(
            f"the log keeps {topic.retention_bytes:,} bytes of a partition, and {part.topic} has {size:,}: set"
            f" SERVICEMAP_LOG__KEEP_BYTES={2 * size}"
        )


def _there(log: Log, part: Part, capture: CaptureReader, settings: LogSettings) -> int:
    """Return how many of a partition's records are in the log already; Failure when it holds anything else."""
    first, end = log.bounds(part.topic, part.partition)
    if not end:
        return 0
    same = 0
    stored = log.read(part.topic, part.partition, first, end)
    records = capture.records(part)
    for one in stored:
        other = next((each for each in records if each.offset == one.offset), None)
        if other != one:
            same = 0
            break
        same += 1
    if not same or end > part.records:
        raise Failure(
            f"the log {shown(settings.url)} holds other records of {shown(part.topic)}: import into a new log, with"
            " --data DIR or --log, or look at the capture alone with `servicemap up --from FILE`"
        )
    return end


def _append(
    log: Log,
    parts: Collection[Part],
    begun: dict[tuple[str, int], int],
    capture: CaptureReader,
    done: Imported,
    report: Report,
) -> None:
    """Append what is not there yet by time, so that folds which already run do not wait for a topic."""
    expected = sum(part.records for part in parts) - done.there
    ordered = sorted(parts, key=lambda part: part.topic == topics.HEARTBEATS.name)  # they close what came before
    streams: list[Iterator[Record]] = [
        islice(capture.records(part), begun[part.topic, part.partition], None) for part in ordered
    ]
    for record in heapq.merge(*streams, key=lambda record: record.timestamp):
        log.append(
            record.topic,
            record.key,
            record.value,
            partition=record.partition,
            timestamp=record.timestamp,
            headers=record.headers,
        )
        done.records += 1
        if done.records % CHECK_RECORDS == 0:
            report("importing", done.records, expected)
    report("writing", done.records, expected)
    log.flush()

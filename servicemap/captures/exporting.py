"""Copy records of a log into a capture. The log is only read."""

import os
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import msgspec
from msgspec import Struct

from log.capture import Manifest, Place
from log.capture_writer import CaptureWriter
from log.protocol import Log, Record
from schemas import topics
from schemas.matching import unknown
from schemas.text import shown
from schemas.times import iso
from servicemap import __version__
from servicemap.browsing import existing_log
from servicemap.config import Config
from servicemap.options import Failure, NothingMatches
from servicemap.records import logged_times
from servicemap.replay.reading import GRACE_MS
from streams.rewind import STRETCH_MS

BEFORE_MS = STRETCH_MS + GRACE_MS  # what rebuilds the state of hosts at the start of a range
AFTER_MS = GRACE_MS  # what was found late about its end
CHECK_RECORDS = 200  # between two words on progress

Report = Callable[[str, int, int], None]  # the step, the records done, and all of them


class Wanted(Struct, frozen=True, kw_only=True):
    """What to copy: topics, by default those that a map is made of; records of [start, end), ms, None for no limit."""

    topics: tuple[str, ...] = ()
    start: int | None = None
    end: int | None = None


def export(config: Config, file: Path, wanted: Wanted, report: Report) -> Manifest:
    """Write a capture; NothingMatches, and no file, when there is nothing to write."""
    with closing(existing_log(config)) as log:
        partitions = {info.name: info.partitions for info in log.topics()}
        chosen = _chosen(partitions, wanted)
        ranges = {place: _range(log, place, wanted) for place in _places(partitions, chosen)}
        expected = sum(end - start for start, end in ranges.values())
        of_range = [place for place in ranges if wanted.topics or not _compacted(place.topic)]
        if all(start == end for start, end in map(ranges.__getitem__, of_range)):
            raise NothingMatches(_nothing(log, chosen, wanted))
        with replaced(file) as out:
            writer, done = CaptureWriter(out, __version__), 0
            for place, (start, end) in ranges.items():
                report("copying", done, expected)
                records = log.read(*place, start, end)
                done += writer.add(place, _reported(records, report, done, expected)).records
            return writer.close(
                made=time.time_ns() // 1_000_000,
                start=wanted.start,
                end=wanted.end,
                partitions={name: partitions[name] for name in chosen},
                about={"rules": msgspec.to_builtins(config.services.rules)},
            )


@contextmanager
def replaced(file: Path) -> Iterator[BinaryIO]:
    """Give a file that gets its name when it is whole; what was interrupted leaves nothing."""
    if file.exists():
        raise Failure(f"{shown(str(file))} is there already: give another name, or remove it")
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as out:
                yield out
                out.flush()
                os.fsync(out.fileno())
            fresh.rename(file)
        finally:
            with suppress(FileNotFoundError):
                fresh.unlink()
    except OSError as error:
        raise Failure(f"cannot write {shown(str(file))}: {error.strerror}") from None


def _chosen(there: Collection[str], wanted: Wanted) -> list[str]:
    """Return the topics to copy, of those that the log has."""
    for name in wanted.topics:
        if name not in there:
            raise NothingMatches(f"{unknown('topic', name, there)} (`servicemap log` lists them)")
    usual = (topic.name for topic in topics.MAPPED if topic.name in there)
    return list(dict.fromkeys(wanted.topics or usual))


def _places(partitions: dict[str, int], chosen: list[str]) -> list[Place]:
    """Return the partitions, those of heartbeats first: what they list was logged before, and is copied later."""
    ordered = sorted(chosen, key=lambda name: name != topics.HEARTBEATS.name)
    return [Place(name, partition) for name in ordered for partition in range(partitions[name])]


def _range(log: Log, place: Place, wanted: Wanted) -> tuple[int, int]:
    """Return the offsets to copy. A compacted topic is copied from its beginning: what holds may have long been so."""
    first, end = log.bounds(*place)
    before, after = (0, 0) if wanted.topics else (BEFORE_MS, AFTER_MS)
    if wanted.start is not None and not _compacted(place.topic):
        first = max(first, log.offset_at(*place, wanted.start - before))
    if wanted.end is not None:
        end = min(end, log.offset_at(*place, wanted.end + after))
    return first, max(first, end)


def _compacted(topic: str) -> bool:
    return topic in topics.BY_NAME and topics.BY_NAME[topic].compacted


def _reported(records: Iterator[Record], report: Report, done: int, of: int) -> Iterator[Record]:
    for number, record in enumerate(records, done):
        if number % CHECK_RECORDS == 0:
            report("copying", number, of)
        yield record


def _nothing(log: Log, chosen: list[str], wanted: Wanted) -> str:
    found = [times for name in chosen if (times := logged_times(log, name))]
    if not found:
        return f"there is nothing to copy: {', '.join(map(shown, chosen)) or 'the log'} holds no records"
    first, last = min(times.first for times in found), max(times.last for times in found)
    when = " ".join(f"{word} {iso(at)}" for word, at in (("from", wanted.start), ("to", wanted.end)) if at is not None)
    return f"the log holds no such records {when}: they were logged from {iso(first)} to {iso(last)}".replace("  ", " ")

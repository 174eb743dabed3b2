"""`log read`: the records of a topic as JSON lines."""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from heapq import merge
from itertools import islice
from typing import Any, NamedTuple

import click
import msgspec
from msgspec import Struct

from log.protocol import Log, LogError, Record
from schemas.matching import unknown
from schemas.text import shown
from schemas.times import iso
from servicemap.browsing import existing_log
from servicemap.config import Config
from servicemap.options import Failure, NothingMatches
from servicemap.printing import print_json

POLL_SECONDS, POLL_RECORDS = 0.5, 500
MOST_KEYS = 10_000  # that are remembered, to name those near one that is not there


class Wanted(Struct, frozen=True, kw_only=True):
    """Which records: those logged in [since, until), ms, None for all there are; `limit` and `key` as well."""

    topic: str
    since: int | None = None
    until: int | None = None
    follow: bool = False
    limit: int | None = None
    key: str | None = None
    offsets: bool = False


def read_topic(config: Config, wanted: Wanted) -> None:
    """Print records as JSON lines until there is no more, or until Ctrl-C when following."""
    with closing(existing_log(config)) as log:
        keys: set[bytes] = set()
        printed = False
        try:
            for record in islice(_matching(_records(log, wanted), wanted.key, keys), wanted.limit):
                print_json(_record(record, offsets=wanted.offsets))
                printed = True
            if not printed and wanted.limit != 0:
                _explain(log, wanted, {key.decode(errors="backslashreplace") for key in keys})
        except LogError as error:
            raise Failure(str(error)) from None


def _records(log: Log, wanted: Wanted) -> Iterator[Record]:
    """Yield the records of a range in the order of their times, and then what comes."""
    counts = {info.name: info.partitions for info in log.topics()}
    if wanted.topic not in counts:
        if not counts:
            raise Failure(f"the log has no topics, so no {shown(wanted.topic)} either: is it a servicemap log?")
        raise NothingMatches(f"{unknown('topic', wanted.topic, counts)} (`servicemap log` lists them)")
    partitions = range(counts[wanted.topic])
    ends = [log.bounds(wanted.topic, partition).end for partition in partitions]
    if wanted.follow and wanted.since is None:
        starts = ends
    else:
        starts = [_offset(log, wanted.topic, partition, wanted.since, 0) for partition in partitions]
    stops = [_offset(log, wanted.topic, partition, wanted.until, ends[partition]) for partition in partitions]
    parts = [log.read(wanted.topic, *bounds) for bounds in zip(partitions, starts, stops, strict=True)]
    yield from merge(*parts, key=lambda record: record.timestamp)
    if wanted.follow:
        yield from _coming(log, wanted.topic, ends)


def _offset(log: Log, topic: str, partition: int, moment: int | None, otherwise: int) -> int:
    return otherwise if moment is None else log.offset_at(topic, partition, moment)


def _coming(log: Log, topic: str, ends: Sequence[int]) -> Iterator[Record]:
    with closing(log.reader([topic], None)) as reader:
        for partition, end in enumerate(ends):
            reader.seek(topic, partition, end)
        while True:
            yield from reader.poll(POLL_SECONDS, POLL_RECORDS)


def _matching(records: Iterable[Record], key: str | None, seen: set[bytes]) -> Iterator[Record]:
    """Yield the records of a key; those of the others are noted, as many as a sentence may need."""
    for record in records:
        if key is None or record.key == key.encode(errors="surrogateescape"):
            yield record
        elif len(seen) < MOST_KEYS:
            seen.add(record.key)


def _explain(log: Log, wanted: Wanted, keys: set[str]) -> None:
    """Explain why nothing was printed; NothingMatches for an unknown key, or a time before or after all records."""
    if wanted.key is not None and keys:
        raise NothingMatches(f"{unknown('key', wanted.key, keys)} (of {wanted.topic}, in this time range)")
    times = logged_times(log, wanted.topic)
    if not times:
        click.echo(f"servicemap: {wanted.topic} holds no records", err=True)
        return
    sentence = (
        f"{wanted.topic} has no such record: its records were logged from {iso(times.first)} to {iso(times.last)}"
    )
    if (wanted.since or 0) > time.time() * 1000 or (wanted.until is not None and wanted.until <= times.first):
        raise NothingMatches(sentence)
    click.echo(f"servicemap: {sentence}", err=True)


class Times(NamedTuple):
    """When the first and the last record of a topic were logged, ms."""

    first: int
    last: int


def logged_times(log: Log, topic: str) -> Times | None:
    """Return when the first and the last record of a topic were logged; None when it has none."""
    found = []
    for partition in range(next(info.partitions for info in log.topics() if info.name == topic)):
        first, end = log.bounds(topic, partition)
        for at in {first, end - 1} if end > first else ():
            found += [record.timestamp for record in islice(log.read(topic, partition, at, end), 1)]
    return Times(min(found), max(found)) if found else None


def _record(record: Record, *, offsets: bool) -> dict[str, Any]:
    place = {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": record.timestamp,
        "key": record.key.decode(errors="backslashreplace"),
    }
    if offsets:
        return {**place, "size_bytes": len(record.value or b"")}
    return {**place, "value": _value(record.value)}


def _value(value: bytes | None) -> Any:
    """Return the value of a record: JSON, or text where it is none."""
    try:
        return None if value is None else msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return (value or b"").decode(errors="backslashreplace")

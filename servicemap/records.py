"""`log read`: the records of a topic as JSON lines."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from heapq import merge
from itertools import islice
from typing import Any

import click
import msgspec
from msgspec import Struct

from servicemap.browsing import existing_log
from servicemap.config import Config
from servicemap.log.protocol import Log, LogError, Record
from servicemap.options import Failure

POLL_SECONDS, POLL_RECORDS = 0.5, 500


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
        try:
            for record in islice(_matching(_records(log, wanted), wanted.key), wanted.limit):
                click.echo(msgspec.json.encode(_record(record, offsets=wanted.offsets)))
        except LogError as error:
            raise Failure(str(error)) from None
        except KeyboardInterrupt:
            sys.exit(130)


def _records(log: Log, wanted: Wanted) -> Iterator[Record]:
    """Yield the records of a range in the order of their times, and then what comes."""
    counts = {info.name: info.partitions for info in log.topics()}
    if wanted.topic not in counts:
        raise Failure(f"there is no topic {wanted.topic}: choose one of {', '.join(counts)}")
    partitions = range(counts[wanted.topic])
    ends = [log.bounds(wanted.topic, partition)[1] for partition in partitions]
    if wanted.follow and wanted.since is None:
        starts = ends
    else:
        starts = [_offset(log, wanted.topic, partition, wanted.since, 0) for partition in partitions]
    stops = [_offset(log, wanted.topic, partition, wanted.until, ends[partition]) for partition in partitions]
    parts = [log.read(wanted.topic, *bounds) for bounds in zip(partitions, starts, stops, strict=True)]
    yield from merge(*parts, key=lambda record: record.timestamp)
    if wanted.follow:
        yield from _coming(log, wanted.topic, ends)


def _offset(log: Log, topic: str, partition: int, time: int | None, otherwise: int) -> int:
    return otherwise if time is None else log.offset_at(topic, partition, time)


def _coming(log: Log, topic: str, ends: Sequence[int]) -> Iterator[Record]:
    with closing(log.reader([topic], None)) as reader:
        for partition, end in enumerate(ends):
            reader.seek(topic, partition, end)
        while True:
            yield from reader.poll(POLL_SECONDS, POLL_RECORDS)


def _matching(records: Iterable[Record], key: str | None) -> Iterator[Record]:
    return (record for record in records if key is None or record.key == key.encode())


def _record(record: Record, *, offsets: bool) -> dict[str, Any]:
    told = {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": record.timestamp,
        "key": record.key.decode(errors="backslashreplace"),
    }
    if offsets:
        return {**told, "size_bytes": len(record.value or b"")}
    return {**told, "value": _value(record.value)}


def _value(value: bytes | None) -> Any:
    """Return what a record says: JSON, or text for what is none."""
    try:
        return None if value is None else msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return (value or b"").decode(errors="backslashreplace")

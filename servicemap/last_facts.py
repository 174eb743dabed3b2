"""The latest raw facts in the log about the processes of every host: those that they are named by."""

import heapq
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple

from msgspec import Struct

from log.protocol import Log, Record
from schemas.codec import BadRecord, decode
from schemas.raw import ProcessBatch
from schemas.topics import HEARTBEATS, PROCESSES
from streams.rewind import STRETCH_MS

Key = tuple[int, int]  # pid, start


class Reported(NamedTuple):
    """A process that ran: its host, that host's name, and a row of `schemas.raw.Processes`."""

    host: str
    hostname: str
    facts: dict[str, Any]


class _Seen(Struct):
    """What is known of one boot of a host."""

    host: str
    restated: int = -1  # the last window that restated all processes
    facts: dict[Key, dict[str, Any]] = {}
    reported: dict[Key, int] = {}  # the last window that reported it


def last_logged(log: Log) -> int | None:
    """Return when the last word on processes was logged, ms since the epoch; None when there is none."""
    times = []
    for partition in _partitions(log):
        first, end = log.bounds(PROCESSES.name, partition)
        times += [record.timestamp for record in log.read(PROCESSES.name, partition, max(first, end - 1), end)]
    return max(times, default=None)


def running(log: Log, at: int) -> list[Reported]:
    """Return the processes that ran at a time, ms since the epoch, on every host that reported shortly before it."""
    seen: dict[tuple[str, str], _Seen] = {}
    names: dict[str, str] = {}
    for record in _records(log, at):
        with suppress(BadRecord):
            batch = decode(record.topic, record.value, record.timestamp)
            if isinstance(batch, ProcessBatch):
                _take(seen.setdefault((batch.host_id, batch.boot_id), _Seen(batch.host_id)), batch)
            else:
                names[batch.host_id] = batch.hostname or names.get(batch.host_id, "")
    return [
        Reported(one.host, names.get(one.host) or one.host, facts)
        for one in seen.values()
        for key, facts in one.facts.items()
        if one.reported[key] >= one.restated
    ]


def _partitions(log: Log) -> range:
    return range(next((info.partitions for info in log.topics() if info.name == PROCESSES.name), 0))


def _records(log: Log, at: int) -> Iterator[Record]:
    streams = []
    for topic in (HEARTBEATS.name, PROCESSES.name):
        for partition in _partitions(log):
            start = log.offset_at(topic, partition, at - STRETCH_MS)
            streams.append(log.read(topic, partition, start, log.offset_at(topic, partition, at + 1)))
    yield from heapq.merge(*streams, key=lambda record: record.timestamp)


def _take(seen: _Seen, batch: ProcessBatch) -> None:
    if batch.keyframe:
        seen.restated = max(seen.restated, batch.window)
    for row in batch.processes.rows():
        facts = dict(zip(batch.processes.__struct_fields__, row, strict=True))
        key = facts["pid"], facts["start"]
        seen.facts[key], seen.reported[key] = facts, batch.window
    for key in zip(batch.exits.pid, batch.exits.start, strict=True):
        seen.facts.pop(key, None)

"""A log with records of every kind, and captures of it."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from log.capture_reader import CaptureReader
from log.open import open_log
from log.protocol import Log, Record
from schemas.topics import EVENTS, Topic
from servicemap.captures.exporting import Wanted, export
from servicemap.captures.importing import Imported, import_into
from servicemap.config import Config, load
from tests.log.conftest import Place, log, place

__all__ = ["Place", "log", "place"]

PARTITIONS = 4


def silent(step: str, done: int, of: int) -> None:
    """Report nothing."""


def of(url: str, **more: object) -> Config:
    return load(environment={}, flags={"log.url": url, "log.partitions": PARTITIONS, **more})


def fill(log: Log, topic: Topic, now: int) -> None:
    """Log records of several keys, with and without values and headers, also no text, at one time and out of order."""
    for number in range(40):
        key = b"k\xff%d" % (number % 7)
        value = None if number % 11 == 5 else b'{"number":%d}' % number if number % 2 else b"\x00\n\xff%d" % number
        headers = {"about": b"\xfe", "é": b""} if number % 5 == 0 else {}
        at = now - 14_000 + 1000 * (number // 3) - 3000 * (number == 20)
        log.append(topic.name, key, value, timestamp=at, headers=headers)
    log.flush()


def records(log: Log, topic: str) -> list[list[Record]]:
    return [list(log.read(topic, each, *log.bounds(topic, each))) for each in range(PARTITIONS)]


def facts(found: list[list[Record]]) -> list[list[Record]]:
    """Return records without their offsets, which another log counts anew."""
    return [[record._replace(offset=0, headers=dict(record.headers)) for record in part] for part in found]


def exported(url: str, file: Path, *topics: str, start: int | None = None, end: int | None = None) -> Path:
    export(of(url), file, Wanted(topics=topics, start=start, end=end), silent)
    return file


def imported(config: Config, file: Path) -> Imported:
    with closing(CaptureReader(file)) as capture:
        return import_into(config.log_settings, capture, silent)


@pytest.fixture
def events(tmp_path: Path) -> Iterator[Callable[[str, int], Log]]:
    """A local log with records in `events`, at a time (ms)."""
    with_records: list[Log] = []

    def make(name: str, now: int) -> Log:
        opened = open_log(tmp_path / name)
        with_records.append(opened)
        topic = replace(EVENTS, partitions=PARTITIONS, retention_ms=1 << 50)
        opened.create([topic])
        fill(opened, topic, now)
        return opened

    yield make
    for each in with_records:
        each.close()


Events = Callable[[str, int], Log]

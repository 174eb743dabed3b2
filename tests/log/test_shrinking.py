"""A local log that has to make room deletes the oldest records that are read."""

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from log.local import LocalLog
from log.settings import LogSettings
from log.shrinking import Shrinking
from schemas.times import HOUR_MS
from schemas.topics import ALL, DEAD_LETTERS, HOSTS, PROCESSES

START = 1_700_000_000_000 // HOUR_MS * HOUR_MS
RAW = replace(PROCESSES, name="raw", partitions=2)
LONE = replace(DEAD_LETTERS, partitions=1)
GROUPS = {"raw": ["fold", "sink"]}


@pytest.fixture
def log(tmp_path: Path) -> Iterator[LocalLog]:
    with closing(LocalLog(tmp_path / "test.log", now_ms=lambda: START + 9 * HOUR_MS)) as log:
        log.create([RAW, LONE, replace(HOSTS, partitions=1)])
        for hour in range(8):
            for partition in (0, 1):
                log.append("raw", b"k", bytes(900), partition=partition, timestamp=START + hour * HOUR_MS)
        log.flush()
        yield log


@pytest.fixture
def shrinking(log: LocalLog, tmp_path: Path) -> Iterator[Shrinking]:
    with closing(Shrinking(tmp_path / "test.log", GROUPS)) as shrinking:
        yield shrinking


def read(log: LocalLog, group: str, records: int) -> None:
    with closing(log.reader(["raw"], group)) as reader:
        assert len(reader.poll(5, records)) == records
        reader.commit()


def test_older_records_are_deleted_from_all_partitions(log: LocalLog, shrinking: Shrinking) -> None:
    for group in GROUPS["raw"]:
        read(log, group, 16)
    assert shrinking.oldest() == START
    before = {info.name: info.size_bytes or 0 for info in log.topics()}["raw"]

    deleted = shrinking.delete(START + 3 * HOUR_MS)

    after = {info.name: info.size_bytes or 0 for info in log.topics()}["raw"]
    assert (deleted.records, deleted.size) == (6, before - after)
    assert [log.bounds("raw", partition) for partition in (0, 1)] == [(3, 8), (3, 8)]
    assert shrinking.oldest() == START + 3 * HOUR_MS


@pytest.mark.parametrize("others", [[], [("sink", 4)], [("sink", 16), ("a stranger", 4)]])
def test_records_that_a_group_has_not_read_stay(
    log: LocalLog, shrinking: Shrinking, others: list[tuple[str, int]]
) -> None:
    for group, records in [("fold", 16), *others]:
        read(log, group, records)
    kept = min([2 * 8, *(records for _, records in others)]) if others else 0

    assert shrinking.delete(START + 9 * HOUR_MS).records == kept
    assert sum(log.bounds("raw", partition).first for partition in (0, 1)) == kept
    assert shrinking.oldest() is None


def test_topics_without_a_reader_are_deleted_by_time_and_compacted_ones_stay(
    log: LocalLog, shrinking: Shrinking
) -> None:
    log.append(HOSTS.name, b"k", b"host", timestamp=START)
    log.append(LONE.name, b"k", b"letter", timestamp=START)
    log.flush()

    assert shrinking.delete(START + 1).records == 1
    assert log.bounds(LONE.name, 0) == (1, 1)
    assert log.bounds(HOSTS.name, 0) == (0, 1)


def test_settings_bound_all_topics_by_time_and_size() -> None:
    bounds = {(topic.retention_ms, topic.retention_bytes) for topic in LogSettings(keep_hours=5, keep_bytes=7).topics()}
    declared = {topic.name: (topic.retention_ms, topic.retention_bytes) for topic in LogSettings().topics()}

    assert bounds == {(5 * HOUR_MS, 7)}
    assert declared == {topic.name: (topic.retention_ms, topic.retention_bytes) for topic in ALL}


def test_free_pages_do_not_count(log: LocalLog, shrinking: Shrinking) -> None:
    for _ in range(2_000):
        log.append(LONE.name, b"k", os.urandom(900), timestamp=START)
    log.flush()
    used = shrinking.used()

    assert shrinking.delete(START + 1).records == 2_000
    assert shrinking.used() < used // 2

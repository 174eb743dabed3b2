"""The local log compared with the simplest model of one: a list."""

import tempfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from log.local import LocalLog
from log.partitioner import murmur2, partition_of
from log.protocol import Record
from log.retention import trim
from log.sqlite_file import connect
from schemas.topics import HOSTS, PROCESSES

NOW = 2_000
KEPT = replace(PROCESSES, name="kept", partitions=2, retention_ms=1_000)
COMPACTED = replace(HOSTS, name="compacted", partitions=2)

Batches = list[list[tuple[int, int, bytes, bytes | None, dict[str, bytes]]]]
records = st.tuples(
    st.integers(0, 1),
    st.integers(0, NOW),
    st.binary(max_size=4),
    st.none() | st.binary(max_size=4000),
    st.dictionaries(st.text(max_size=5), st.binary(max_size=5), max_size=2),
)
batches = st.lists(st.lists(records, max_size=8), max_size=4)


def write(log: LocalLog, topic: str, batches: Batches) -> list[list[Record]]:
    """Append the batches, each in a transaction of its own; return the records by partition."""
    given: list[list[Record]] = [[], []]
    for batch in batches:
        for partition, timestamp, key, value, headers in batch:
            log.append(topic, key, value, partition=partition, timestamp=timestamp, headers=headers)
            offset = len(given[partition])
            given[partition].append(Record(topic, partition, offset, timestamp, key, value, headers))
        log.flush()
    return given


@settings(max_examples=40)
@given(
    batches=batches,
    time=st.integers(0, NOW + 1),
    limit=st.integers(1, 7),
)
def test_nothing_is_changed_reordered_or_lost(
    batches: Batches,
    time: int,
    limit: int,
) -> None:
    with (
        tempfile.TemporaryDirectory() as directory,
        closing(LocalLog(Path(directory) / "x", now_ms=lambda: 0)) as log,
    ):
        log.create([KEPT])
        given = write(log, "kept", batches)

        with closing(log.reader(["kept"], None)) as reader:
            polled: list[list[Record]] = [[], []]
            while records := reader.poll(0, limit):
                assert len(records) <= limit
                for record in records:
                    polled[record.partition].append(record)
        assert polled == given
        for partition in (0, 1):
            assert list(log.read("kept", partition, 0, 99)) == given[partition]
            later = [r.offset for r in given[partition] if r.timestamp >= time]
            expected = min(later, default=len(given[partition]))
            assert log.offset_at("kept", partition, time) == expected


@settings(max_examples=40)
@given(batches=batches, time=st.integers(0, NOW + 1))
def test_retention_deletes_the_old_start_and_a_time_is_found_in_the_rest(batches: Batches, time: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "x"
        with closing(LocalLog(path, now_ms=lambda: 0)) as log, closing(connect(path)) as own:
            log.create([KEPT])
            given = write(log, "kept", batches)

            while trim(own, NOW):
                pass

            for partition in (0, 1):
                young = [r.offset for r in given[partition] if r.timestamp >= NOW - 1_000]
                first = min(young, default=len(given[partition]))
                rest = given[partition][first:]
                assert log.bounds("kept", partition) == (first, len(given[partition]))
                assert list(log.read("kept", partition, 0, 99)) == rest
                later = [r.offset for r in rest if r.timestamp >= time]
                expected = min(later, default=len(given[partition]))
                assert log.offset_at("kept", partition, time) == expected


@settings(max_examples=40)
@given(batches=batches)
def test_compaction_keeps_the_last_record_of_each_key(
    batches: Batches,
) -> None:
    with (
        tempfile.TemporaryDirectory() as directory,
        closing(LocalLog(Path(directory) / "x", now_ms=lambda: 0)) as log,
    ):
        log.create([COMPACTED])
        given = write(log, "compacted", batches)

        for partition in (0, 1):
            last = {record.key: record for record in given[partition]}
            kept = list(log.read("compacted", partition, 0, 99))
            assert kept == sorted(last.values(), key=lambda record: record.offset)


@pytest.mark.parametrize(
    ("key", "hash_"),
    # From Kafka's own UtilsTest.testMurmur2.
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_the_hash_is_kafkas(key: bytes, hash_: int) -> None:
    assert murmur2(key) == hash_ % 2**32


@given(st.binary(), st.integers(1, 100))
def test_every_key_has_a_partition(key: bytes, partitions: int) -> None:
    assert 0 <= partition_of(key, partitions) < partitions

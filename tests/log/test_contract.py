"""The contract that every log keeps."""

import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from log.open import open_log
from log.partitioner import partition_of
from log.protocol import (
    Limits,
    Log,
    LogUnusable,
    Reader,
    Record,
    RecordTooLarge,
    UnknownTopic,
)

KEYS = [b"", b"a", b"host-1", "rechner-ü".encode(), "主机".encode(), bytes(range(256))]
PROMPT = 20.0  # seconds; a Kafka group may take some to form


def poll_all(reader: Reader, count: int) -> list[Record]:
    deadline = time.monotonic() + PROMPT
    records: list[Record] = []
    while len(records) < count and time.monotonic() < deadline:
        records += reader.poll(0.5, 1000)
    return records


def values(records: list[Record]) -> list[bytes | None]:
    return [record.value for record in records]


def run(code: str, *arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_every_field_of_a_record_comes_back(place: Any, log: Log) -> None:
    topic = place.topic(log)
    timestamp = time.time_ns() // 1_000_000 - 12_345  # recent: retention takes what is old

    log.append(topic.name, b"key", b"value", partition=2, timestamp=timestamp, headers={"h": b"1"})
    log.flush()

    expected = Record(topic.name, 2, 0, timestamp, b"key", b"value", {"h": b"1"})
    assert list(log.read(topic.name, 2, 0, 10)) == [expected]
    assert place.reader(log, topic, None).poll(PROMPT, 10) == [expected]


def test_a_record_is_stamped_with_the_present_unless_a_time_is_given(place: Any, log: Log) -> None:
    topic = place.topic(log)
    before = time.time_ns() // 1_000_000

    log.append(topic.name, b"key", b"value", partition=0)
    log.flush()

    (record,) = log.read(topic.name, 0, 0, 1)
    assert before <= record.timestamp <= time.time_ns() // 1_000_000


def test_a_tombstone_is_not_an_empty_value(place: Any, log: Log) -> None:
    topic = place.topic(log)

    log.append(topic.name, b"a", None, partition=0)
    log.append(topic.name, b"b", b"", partition=0)
    log.flush()

    assert values(list(log.read(topic.name, 0, 0, 2))) == [None, b""]


ENDINGS: list[list[bytes | None]] = [[None], [b"v", None], [b"", None, None], [None, b"v", b""]]  # by partition


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_records_without_a_value_or_a_key_are_read_and_committed_at_any_offset(
    place: Any, log: Log, unique: Callable[[], str], limit: int
) -> None:
    topic, group = place.topic(log), unique()
    for partition, given in enumerate(ENDINGS):
        for value in given:
            log.append(topic.name, b"", value, partition=partition)
    log.flush()

    reader = place.reader(log, topic, group)
    found: dict[int, list[bytes | None]] = {partition: [] for partition in range(len(ENDINGS))}
    deadline = time.monotonic() + PROMPT
    while sum(map(len, found.values())) < sum(map(len, ENDINGS)) and time.monotonic() < deadline:
        for record in reader.poll(0.5, limit):
            found[record.partition].append(record.value)
    reader.commit()

    assert list(found.values()) == ENDINGS
    assert set(reader.lag().values()) == {0}
    assert [log.committed(group, topic.name, n) for n in range(len(ENDINGS))] == [len(given) for given in ENDINGS]
    assert [values(list(log.read(topic.name, n, 0, 9))) for n in range(len(ENDINGS))] == ENDINGS


def test_a_key_goes_to_the_same_partition_in_every_log(place: Any, log: Log) -> None:
    topic = place.topic(log)

    for key in KEYS:
        log.append(topic.name, key, b"value")
    log.flush()

    found = {record.key: record.partition for record in poll_all(place.reader(log, topic, None), 6)}
    assert found == {key: partition_of(key, topic.partitions) for key in KEYS}


def test_records_of_a_key_stay_in_order(place: Any, log: Log) -> None:
    topic = place.topic(log)

    for number in range(500):
        log.append(topic.name, b"host-%d" % (number % 7), b"%d" % number)
    log.flush()

    by_key = defaultdict(list)
    for record in poll_all(place.reader(log, topic, None), 500):
        by_key[record.key].append(int(record.value or b""))
    assert sum(map(len, by_key.values())) == 500
    assert all(numbers == sorted(numbers) for numbers in by_key.values())


def test_a_value_of_ten_megabytes_passes(place: Any, log: Log) -> None:
    topic = place.topic(log, max_bytes=12 << 20)
    value = bytes(10 << 20)

    log.append(topic.name, b"key", value, partition=0)
    log.flush()

    assert values(place.reader(log, topic, None).poll(PROMPT, 10)) == [value]


def test_a_value_over_the_topics_limit_is_refused(place: Any, log: Log) -> None:
    topic = place.topic(log, max_bytes=1000)

    with pytest.raises(RecordTooLarge, match=r"1001 bytes.*split it"):
        log.append(topic.name, b"key", bytes(1001))


def test_a_range_ends_at_its_given_end(place: Any, log: Log) -> None:
    topic = place.topic(log)
    for number in range(200):
        log.append(topic.name, b"key", b"%d" % number, partition=0)
    log.flush()

    ranges = {(5, 8): range(5, 8), (198, 10**6): range(198, 200), (7, 7): (), (300, 400): ()}
    for (start, stop), expected in ranges.items():
        found = list(log.read(topic.name, 0, start, stop))
        assert [record.offset for record in found] == list(expected)


def test_bounds_span_all_records(place: Any, log: Log) -> None:
    topic = place.topic(log)
    empty = log.bounds(topic.name, 1)

    for _ in range(3):
        log.append(topic.name, b"key", b"value", partition=1)
    log.flush()

    assert (empty, log.bounds(topic.name, 1)) == ((0, 0), (0, 3))


def test_a_time_is_found_whatever_the_order_of_timestamps(place: Any, log: Log) -> None:
    if place.name == "mock":
        pytest.skip("librdkafka's mock cluster has no time index; Apache Kafka has")
    topic = place.topic(log)
    now = time.time_ns() // 1_000_000
    for delay in (0, 50, 20, 70, 60):
        log.append(topic.name, b"key", b"value", partition=0, timestamp=now + delay)
        log.flush()  # Kafka's index knows batches only

    times = (-5, 0, 10, 50, 55, 70, 71)
    found = [log.offset_at(topic.name, 0, now + time_) for time_ in times]
    assert found == [0, 0, 1, 1, 3, 3, 5]


def test_a_group_continues_after_its_commit(place: Any, log: Log, unique: Callable[[], str]) -> None:
    topic, group = place.topic(log, partitions=1), unique()
    for number in range(4):
        log.append(topic.name, b"key", b"%d" % number, partition=0)
    log.flush()
    reader = place.reader(log, topic, group)
    polled = reader.poll(PROMPT, 3)
    reader.commit()
    reader.poll(PROMPT, 10)  # not committed

    place.opened.remove(reader)
    reader.close()
    log = place.open()
    again = poll_all(place.reader(log, topic, group), 4 - len(polled))

    assert log.committed(group, topic.name, 0) == len(polled)
    assert [record.offset for record in again] == list(range(len(polled), 4))


def test_a_group_that_never_read_has_committed_nothing(place: Any, log: Log) -> None:
    topic = place.topic(log)

    assert log.committed("nobody", topic.name, 0) is None


def test_a_seek_rewinds_and_is_committed(place: Any, log: Log, unique: Callable[[], str]) -> None:
    topic, group = place.topic(log), unique()
    for number in range(4):
        log.append(topic.name, b"key", b"%d" % number, partition=0)
    log.flush()
    reader = place.reader(log, topic, group)
    first = poll_all(reader, 4)

    reader.seek(topic.name, 0, 1)
    reader.commit()

    assert log.committed(group, topic.name, 0) == 1
    assert reader.lag()[topic.name, 0] == 3
    assert poll_all(reader, 3) == first[1:]


def test_lag_counts_records_that_were_not_polled(place: Any, log: Log) -> None:
    topic = place.topic(log)
    for number in range(5):
        log.append(topic.name, b"key", b"%d" % number, partition=1)
    log.flush()
    reader = place.reader(log, topic, None)
    before = reader.lag()[topic.name, 1]

    polled = reader.poll(PROMPT, 2)

    assert before == 5
    assert reader.lag() == {(topic.name, n): 5 - len(polled) if n == 1 else 0 for n in range(topic.partitions)}


def test_a_poll_returns_as_soon_as_there_is_a_record(place: Any, log: Log) -> None:
    topic = place.topic(log)
    reader = place.reader(log, topic, None)
    nothing = reader.poll(0.1, 10)
    log.append(topic.name, b"key", b"value")
    log.flush()

    start = time.monotonic()
    records = reader.poll(PROMPT, 1000)

    assert (nothing, len(records)) == ([], 1)
    assert time.monotonic() - start < PROMPT / 2


def test_unknown_topics_and_partitions_are_named(place: Any, log: Log) -> None:
    topic = place.topic(log)

    with pytest.raises(UnknownTopic, match="no topic nothing"):
        log.append("nothing", b"key", b"value")
    with pytest.raises(UnknownTopic, match="no topic nothing"):
        log.reader(["nothing"], None)
    with pytest.raises(UnknownTopic, match=r"partitions 0 to \d+, not 99"):
        log.append(topic.name, b"key", b"value", partition=99)


def test_topics_can_be_created_again_but_not_with_other_partitions(place: Any, log: Log) -> None:
    topic = place.topic(log)

    place.open().create([topic])

    with pytest.raises(LogUnusable, match=f"{topic.partitions} partitions and not 7"):
        log.create([replace(topic, partitions=7)])


def test_the_limits_of_a_topic_are_known(place: Any, log: Log) -> None:
    if place.name == "mock":
        pytest.skip("librdkafka's mock has no settings")
    topic = place.topic(log)
    compacted = replace(topic, name=f"{topic.name}-compacted", compacted=True)
    log.create([compacted])

    assert log.limits(topic.name) == Limits(topic.retention_ms, topic.retention_bytes)
    assert log.limits(compacted.name) == Limits(None, None)
    with pytest.raises(UnknownTopic):
        log.limits("nonesuch")


def test_topics_are_listed_with_their_records(place: Any, log: Log) -> None:
    topic = place.topic(log)
    log.append(topic.name, b"key", b"value")
    log.flush()

    (info,) = [info for info in log.topics() if info.name == topic.name]

    assert (info.partitions, info.records) == (topic.partitions, 1)


def test_records_are_there_when_the_log_is_opened_again(place: Any, log: Log) -> None:
    topic = place.topic(log)
    log.append(topic.name, b"key", b"value", partition=0)

    place.opened.remove(log)
    log.close()  # flushes

    assert values(list(place.open().read(topic.name, 0, 0, 10))) == [b"value"]


WRITE = """
import sys
from log.open import open_log
url, topic, name = sys.argv[1:]
log = open_log(url)
for number in range(10**6):
    log.append(topic, name.encode(), b"%d" % number, partition=0)
    if number % 50 == 49:
        log.flush()
        print(number + 1, flush=True)
"""


def test_a_killed_writer_loses_no_acknowledged_record(place: Any, log: Log) -> None:
    topic = place.topic(log)
    with run(WRITE, place.url, topic.name, "writer") as writer:
        assert writer.stdout
        acknowledged = [int(writer.stdout.readline()) for _ in range(4)]
        writer.kill()
        acknowledged += map(int, writer.stdout.read().split())

    end = log.bounds(topic.name, 0).end

    assert end >= acknowledged[-1]
    assert values(list(log.read(topic.name, 0, 0, end))) == [b"%d" % n for n in range(end)]


def test_writers_in_several_processes_leave_no_gap(place: Any, log: Log) -> None:
    topic = place.topic(log)
    names = ["one", "two", "three"]
    writers = [run(WRITE, place.url, topic.name, name) for name in names]
    for writer in writers:
        with writer:
            assert writer.stdout
            while int(writer.stdout.readline()) < 300:
                pass
            writer.kill()

    records = list(log.read(topic.name, 0, *log.bounds(topic.name, 0)))

    assert [record.offset for record in records] == list(range(len(records)))
    for name in names:
        numbers = [int(r.value or b"") for r in records if r.key == name.encode()]
        assert numbers == list(range(len(numbers)))
        assert len(numbers) >= 300


READ = """
import sys
from log.open import open_log
url, topic, group = sys.argv[1:]
reader = open_log(url).reader([topic], group)
count = 0
while True:
    count += len(reader.poll(1, 10))
    if count < 60:
        reader.commit()
    print(count, flush=True)
"""


def test_the_group_of_a_killed_reader_goes_on_at_its_commit(place: Any, log: Log, unique: Callable[[], str]) -> None:
    topic, group = place.topic(log, partitions=1), unique()
    for number in range(100):
        log.append(topic.name, b"key", b"%d" % number, partition=0)
    log.flush()
    with run(READ, place.url, topic.name, group) as reader:
        assert reader.stdout
        while int(reader.stdout.readline()) < 100:
            pass
        reader.kill()

    committed = log.committed(group, topic.name, 0)
    assert committed is not None
    rest = poll_all(place.reader(log, topic, group), 100 - committed)

    assert 50 <= committed < 60
    assert [int(record.value or b"") for record in rest] == list(range(committed, 100))


@pytest.mark.parametrize("url", ["http://example.org", "kafka://", "kafka:///"])
def test_an_address_that_is_no_log_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(LogUnusable, match="a path or kafka://"):
        open_log(url)

"""Values of a local log that are compressed by an earlier value."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from log import dictionaries, local_writer
from log.dictionaries import AT_ONCE, GRACE_MS, LEAST_ID, MOST_BYTES, REFRESH_MS, Dictionaries
from log.local import LocalLog
from log.protocol import LogUnusable
from log.sqlite_file import VERSION
from schemas.topics import HOSTS, PROCESSES
from tests.log.test_local import START, Clock, wait_for

TOPIC = replace(PROCESSES, name="t", partitions=1, retention_ms=10 * REFRESH_MS)
OTHER = replace(PROCESSES, name="other", partitions=1)
ALIKE = [b'{"window":%d,"flows":[%s]}' % (at, b",".join(b'"10.0.0.%d:%d"' % (n, n * 7919) for n in range(200)))
         for at in range(30)]  # fmt: skip


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "test.log"


@pytest.fixture
def log(path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalLog]:
    monkeypatch.setattr(local_writer, "TRIM_SECONDS", 0)
    with closing(LocalLog(path, now_ms=clock)) as log:
        log.create([TOPIC, OTHER, replace(HOSTS, partitions=1)])
        yield log


def write(log: LocalLog, values: Sequence[bytes | None], key: bytes = b"k", topic: str = "t") -> None:
    for value in values:
        log.append(topic, key, value)
        log.flush()


def values(log: LocalLog, topic: str = "t") -> list[bytes | None]:
    return [record.value for record in log.read(topic, 0, *log.bounds(topic, 0))]


def asked(path: Path, query: str) -> list[tuple[int, ...]]:
    with closing(sqlite3.connect(path)) as file, file:
        return file.execute(query).fetchall()


def test_similar_values_take_little_room_and_are_read_back(log: LocalLog, path: Path) -> None:
    write(log, ALIKE)

    assert values(log) == ALIKE
    (first, *others) = asked(path, "SELECT length(value), packed FROM records")
    assert first[1] == 1
    assert all(packed >= LEAST_ID and size < first[0] / 5 for size, packed in others)
    with closing(LocalLog(path)) as elsewhere, closing(elsewhere.reader(["t"], None)) as reader:
        assert values(elsewhere) == [record.value for record in reader.poll(5, 100)] == ALIKE


def test_each_key_has_its_own_dictionary_and_compacted_topics_have_none(log: LocalLog, path: Path) -> None:
    for value in ALIKE:
        log.append("t", b"a", value)
        log.append("t", b"b", value.replace(b"10.0", b"99.9"))
        log.append(HOSTS.name, b"%d" % len(value), value)
        log.append(HOSTS.name, b"same", value)
        log.flush()

    assert len(asked(path, "SELECT DISTINCT packed FROM records WHERE packed > 1")) == 2
    assert values(log)[:2] == [ALIKE[0], ALIKE[0].replace(b"10.0", b"99.9")]
    assert values(log, HOSTS.name)[-1] == ALIKE[-1]


def test_a_richer_value_is_the_next_dictionary_and_an_hour_makes_a_new_one(clock: Clock) -> None:
    held, of = Dictionaries(), (1, b"k")
    small, large = b"x" * 100, b"y" * 200

    assert held.find(of, small, START) is None
    first = held.find(of, small, START)
    assert first is not None
    assert first.value == small
    assert held.find(of, large, START) is None  # it is one itself
    second = held.find(of, small, START)
    assert second is not None
    assert second.value == large
    assert held.find(of, small, START + REFRESH_MS + 1) is None
    assert held.find(of, bytes(MOST_BYTES + 1), START) is None
    for number in range(dictionaries.MOST_HELD):
        assert held.find((2, b"%d" % number), large, START) is None
    assert held.find(of, large, START) is None  # forgotten


def test_a_dictionary_is_deleted_with_the_last_record_that_needs_it(log: LocalLog, path: Path, clock: Clock) -> None:
    write(log, ALIKE[:10])
    clock.now_ms += TOPIC.retention_ms - GRACE_MS
    write(log, ALIKE[10:20])  # an hour has passed: by another dictionary
    assert len(asked(path, "SELECT id FROM dictionaries")) == 2

    clock.now_ms += GRACE_MS + 1
    write(log, [b"wakes the writer"], topic="other")

    wait_for(lambda: len(asked(path, "SELECT id FROM dictionaries")) == 1)
    assert asked(path, "SELECT count() FROM dictionary_values") == [(1,)]
    assert values(log) == ALIKE[10:20]


def test_a_busy_log_stores_values_without_a_dictionary(log: LocalLog, path: Path) -> None:
    for number in range(AT_ONCE + 1):
        log.append("t", b"k", ALIKE[number % len(ALIKE)])
    log.flush()

    assert asked(path, "SELECT DISTINCT packed FROM records") == [(1,)]


def test_a_writer_whose_dictionary_is_gone_makes_another(log: LocalLog, path: Path) -> None:
    write(log, ALIKE[:5])
    asked(path, "DELETE FROM dictionaries")
    write(log, ALIKE[5:10])
    write(log, ALIKE[10:15])

    assert values(log)[5:] == ALIKE[5:15]
    packed = [flag for (flag,) in asked(path, "SELECT packed FROM records")[5:]]
    assert packed[:2] == [1, 1]  # the one that found it gone, and the new one
    assert len(set(packed[2:])) == 1 < packed[2]
    assert len(asked(path, "SELECT id FROM dictionaries")) == 1


def test_a_lost_dictionary_costs_only_its_records(log: LocalLog, path: Path) -> None:
    write(log, ALIKE[:3])
    asked(path, "DELETE FROM dictionary_values")
    dictionaries._read.clear()
    with closing(LocalLog(path)) as again:
        assert values(again)[0] == ALIKE[0]
        assert all(value not in ALIKE for value in values(again)[1:])


def test_a_log_of_the_first_version_is_read_and_upgraded_by_the_first_writer(
    log: LocalLog, path: Path, clock: Clock
) -> None:
    write(log, [ALIKE[0]])
    log.close()
    for table in ("dictionaries", "dictionary_values", "read_early"):
        asked(path, f"DROP TABLE {table}")
    asked(path, "PRAGMA user_version=1")

    with closing(LocalLog(path, now_ms=clock)) as reading:
        assert values(reading) == ALIKE[:1]
        assert asked(path, "PRAGMA user_version") == [(1,)]
        write(reading, ALIKE[1:])
        assert asked(path, "PRAGMA user_version") == [(VERSION,)]
        assert values(reading) == ALIKE
    asked(path, f"PRAGMA user_version={VERSION + 1}")
    with pytest.raises(LogUnusable, match="newer servicemap"):
        LocalLog(path)


@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(st.sampled_from([b"a", b"b"]), st.integers(0, 3), st.binary(max_size=80), st.integers(0, REFRESH_MS)),
        max_size=40,
    )
)
def test_every_written_value_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, written: list[tuple[bytes, int, bytes, int]]
) -> None:
    clock = Clock()
    with closing(LocalLog(tmp_path_factory.mktemp("log") / "any.log", now_ms=clock)) as log:
        log.create([replace(TOPIC, retention_ms=10**12)])
        made = []
        for key, times, piece, later in written:
            clock.now_ms += later
            made.append((key, piece * 10**times if times else piece or None))
            log.append("t", *made[-1])
            log.flush()
        assert [(record.key, record.value) for record in log.read("t", 0, 0, 100)] == made

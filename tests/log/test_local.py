"""The local log manages its own file."""

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any, cast

import pytest

from log import local_writer, sqlite_file
from log.local import LocalLog
from log.protocol import GroupBusy, LogUnavailable, LogUnusable, Reader
from log.retention import STEP, TOMBSTONE_MS
from log.settings import LogSettings
from log.sqlite_file import wal_path
from schemas.topics import EDGES, HOSTS, PROCESSES, Topic

START = 1_700_000_000_000
TOPIC = replace(PROCESSES, name="t", partitions=1, retention_ms=1000)
COMPACTED = replace(HOSTS, name="c", partitions=1)


class Clock:
    def __init__(self) -> None:
        self.now_ms = START

    def __call__(self) -> int:
        return self.now_ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "dir" / "test.log"


@pytest.fixture
def log(path: Path, clock: Clock) -> Iterator[LocalLog]:
    with closing(LocalLog(path, now_ms=clock, patience=5)) as log:
        log.create([TOPIC, COMPACTED])
        yield log


def write(log: LocalLog, topic: Topic, *pairs: tuple[bytes, bytes | None]) -> None:
    for key, value in pairs:
        log.append(topic.name, key, value)
    log.flush()


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture
def always_trims(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_writer, "TRIM_SECONDS", 0)


# --- retention


@pytest.mark.usefixtures("always_trims")
def test_old_records_are_deleted_when_new_ones_come(log: LocalLog, clock: Clock) -> None:
    write(log, TOPIC, (b"k", b"old"), (b"k", b"old too"))
    clock.now_ms += TOPIC.retention_ms + 1
    write(log, TOPIC, (b"k", b"new"))

    wait_for(lambda: log.bounds("t", 0) == (2, 3))
    assert [record.value for record in log.read("t", 0, 0, 3)] == [b"new"]


@pytest.mark.usefixtures("always_trims")
def test_offsets_continue_when_all_records_are_deleted(log: LocalLog, path: Path, clock: Clock) -> None:
    write(log, TOPIC, (b"k", b"1"), (b"k", b"2"))
    clock.now_ms += TOPIC.retention_ms + 1
    write(log, COMPACTED, (b"k", b"wakes the writer"))
    wait_for(lambda: log.bounds("t", 0) == (2, 2))

    with closing(LocalLog(path, now_ms=clock)) as again:
        write(again, TOPIC, (b"k", b"3"))

    assert [record.offset for record in log.read("t", 0, 0, 9)] == [2]


@pytest.mark.usefixtures("always_trims")
def test_the_oldest_records_are_deleted_when_a_partition_is_too_large(log: LocalLog) -> None:
    log.create([replace(TOPIC, retention_bytes=10_000, retention_ms=10**9)])
    for number in range(2 * STEP):
        log.append("t", b"k", os.urandom(1000), timestamp=START + number)
    log.flush()
    write(log, COMPACTED, (b"k", b"wakes the writer"))

    def size() -> int | None:
        return next(info.size_bytes for info in log.topics() if info.name == "t")

    wait_for(lambda: 9000 <= (size() or 0) <= 10_000)
    assert log.bounds("t", 0) == (2 * STEP - 9, 2 * STEP)


@pytest.mark.usefixtures("always_trims")
def test_derived_records_are_deleted_early_once_every_group_has_read_them(log: LocalLog, clock: Clock) -> None:
    edges = replace(EDGES, partitions=1)
    log.create([edges])
    write(log, edges, (b"k", b"1"), (b"k", b"2"), (b"k", b"unread"))
    for group, limit in (("sink", 2), ("other", 3)):
        with closing(log.reader(["edges"], group)) as reader:
            assert len(reader.poll(5, limit)) == limit
            reader.commit()
    clock.now_ms += edges.read_ms + 1
    write(log, COMPACTED, (b"k", b"wakes the writer"))

    wait_for(lambda: log.bounds("edges", 0) == (2, 3))
    clock.now_ms += edges.retention_ms
    write(log, COMPACTED, (b"k", b"wakes the writer"))
    wait_for(lambda: log.bounds("edges", 0) == (3, 3))


@pytest.mark.usefixtures("always_trims")
@pytest.mark.parametrize(
    ("hours", "reads"), [(0, False), (12, True), (24, True)], ids=["nobody reads", "a time is set", "the same is set"]
)
def test_derived_records_stay_while_unread_or_while_a_retention_is_set(
    log: LocalLog, clock: Clock, hours: int, reads: bool
) -> None:
    edges = next(topic for topic in LogSettings(keep_hours=hours).topics() if topic.name == EDGES.name)
    log.create([edges])
    write(log, edges, (b"k", b"1"))
    with closing(log.reader(["edges"], "sink" if reads else None)) as reader:
        assert len(reader.poll(5, 1)) == 1
        reader.commit()
    write(log, TOPIC, (b"k", b"goes"))
    clock.now_ms += edges.retention_ms - 1
    write(log, COMPACTED, (b"k", b"wakes the writer"))

    wait_for(lambda: log.bounds("t", 0) == (1, 1))
    assert log.bounds("edges", 0) == (0, 1)


def test_a_compacted_topic_keeps_the_last_value_of_each_key(log: LocalLog) -> None:
    write(log, COMPACTED, (b"a", b"1"), (b"b", b"1"), (b"a", b"2"))
    write(log, COMPACTED, (b"a", b"3"), (b"b", None))

    kept = [(record.offset, record.key, record.value) for record in log.read("c", 0, 0, 9)]
    assert kept == [(3, b"a", b"3"), (4, b"b", None)]
    assert log.bounds("c", 0) == (0, 5)


@pytest.mark.usefixtures("always_trims")
def test_a_tombstone_is_deleted_after_a_day(log: LocalLog, clock: Clock) -> None:
    write(log, COMPACTED, (b"a", b"1"), (b"a", None), (b"b", b"1"))
    clock.now_ms += TOMBSTONE_MS + 1
    write(log, COMPACTED, (b"c", b"1"))

    wait_for(lambda: [record.key for record in log.read("c", 0, 0, 9)] == [b"b", b"c"])
    write(log, COMPACTED, (b"a", b"back"))
    assert len(list(log.read("c", 0, 0, 9))) == 3


@pytest.mark.usefixtures("always_trims")
def test_readers_writers_and_retention_do_not_disturb_each_other(log: LocalLog, path: Path) -> None:
    log.create([replace(TOPIC, retention_bytes=200_000, retention_ms=10**9)])
    total = 5000
    seen: list[int] = []

    def append() -> None:
        for number in range(total):
            log.append("t", b"k", os.urandom(500), timestamp=START + number)

    with closing(log.reader(["t"], "g")) as reader:
        writer = Thread(target=append)
        writer.start()
        while not seen or seen[-1] < total - 1:
            seen += [record.offset for record in reader.poll(1, 100)]
            reader.commit()
        writer.join()

    log.flush()
    assert seen == sorted(set(seen))
    write(log, COMPACTED, (b"k", b"wakes the writer"))
    wait_for(lambda: log.bounds("t", 0).first > total - 500)
    assert path.stat().st_size < 3_000_000  # of 2.6 MB written, 0.2 kept: pages are used again
    assert wal_path(path).stat().st_size < 2 * local_writer.WAL_BYTES


# --- groups


def test_a_group_has_one_reader_at_a_time(log: LocalLog) -> None:
    with closing(log.reader(["t"], "g")):
        with pytest.raises(GroupBusy, match=rf"process {os.getpid()} already reads as group g"):
            log.reader(["t"], "g")
        log.reader(["t"], "other").close()
    log.reader(["t"], "g").close()


def test_the_group_of_a_dead_process_is_free_at_once(log: LocalLog, path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from log.local import LocalLog\n"
        "reader = LocalLog(Path(sys.argv[1])).reader(['t'], 'g')\n"
        "print('reading', flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE) as other:
        assert other.stdout
        other.stdout.readline()
        with pytest.raises(GroupBusy, match=f"process {other.pid} "):
            log.reader(["t"], "g")
        other.kill()

    log.reader(["t"], "g").close()


def test_partitions_are_merged_by_time(log: LocalLog) -> None:
    log.create([replace(TOPIC, name=name, partitions=2) for name in ("x", "y")])
    for number in range(400):
        topic, partition = "xy"[number % 2], number // 2 % 2
        log.append(topic, b"k", b"%d" % number, partition=partition, timestamp=START + number)
    log.flush()

    with closing(log.reader(["x", "y"], None)) as reader:
        records = reader.poll(1, 150) + reader.poll(1, 400)

    assert [record.value for record in records] == [b"%d" % number for number in range(400)]


def test_a_reader_sees_what_another_process_writes(log: LocalLog, path: Path) -> None:
    with closing(log.reader(["t"], None)) as reader, closing(LocalLog(path)) as other:
        assert reader.poll(0.01, 1) == []
        write(other, TOPIC, (b"k", b"v"))

        assert len(reader.poll(5, 1)) == 1


def test_an_idle_reader_costs_next_to_nothing(log: LocalLog) -> None:
    def busy(reader: Reader) -> float:
        start = time.process_time()
        reader.poll(1.0, 10)
        return time.process_time() - start

    with closing(log.reader(["t"], None)) as reader:
        reader.poll(0, 10)
        assert min(busy(reader) for _ in range(3)) < 0.006  # 0.3 % is the aim; CI machines vary


# --- trouble


def test_an_unwritable_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(LogUnusable, match=r"cannot write the log .*/file/x.*--log"):
        LocalLog(tmp_path / "file" / "x")


def test_a_directory_is_not_a_log(tmp_path: Path) -> None:
    with pytest.raises(LogUnusable, match="cannot write the log"):
        LocalLog(tmp_path)


def test_another_file_is_not_touched(tmp_path: Path) -> None:
    text, database = tmp_path / "text", tmp_path / "database"
    text.write_text("dear diary, " * 100)
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE mine (x)")
    before = [text.read_bytes(), database.read_bytes()]

    for file in (text, database):
        with pytest.raises(LogUnusable, match=r"is not a servicemap log; .*--log"):
            LocalLog(file)

    assert [text.read_bytes(), database.read_bytes()] == before


def test_a_newer_log_asks_for_an_upgrade(path: Path) -> None:
    LocalLog(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version=99")

    with pytest.raises(LogUnusable, match="newer servicemap; upgrade"):
        LocalLog(path)


def test_several_processes_may_make_the_log_at_once(path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from schemas.topics import ALL\n"
        "from log.local import LocalLog\n"
        "sys.stdin.read(); log = LocalLog(Path(sys.argv[1])); log.create(ALL); log.close()"
    )
    command = [sys.executable, "-c", code, str(path)]
    with ExitStack() as stack:
        racers = [stack.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE)) for _ in range(4)]
        for racer in racers:
            assert racer.stdin
            racer.stdin.close()
    assert [racer.returncode for racer in racers] == [0] * 4


@pytest.mark.parametrize("late", [1, 2, 3])
def test_another_may_make_the_log_between_any_two_statements(
    late: int, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow(sqlite3.Connection):
        asked = 0

        def execute(self, *arguments: Any) -> sqlite3.Cursor:
            rows = iter(super().execute(*arguments).fetchall())
            self.asked += 1
            if self.asked == late:
                monkeypatch.undo()
                LocalLog(path).close()
            return cast(sqlite3.Cursor, SimpleNamespace(fetchone=lambda: next(rows, None)))

    monkeypatch.setattr(sqlite_file, "connect", lambda path: sqlite3.connect(path, isolation_level=None, factory=Slow))

    LocalLog(path).close()


def test_a_locked_file_delays_appends_and_loses_none(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_writer, "BUFFER_BYTES", 10_000)
    with closing(LocalLog(path, patience=0.2)) as log:
        log.create([TOPIC])
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            taken = 0
            with pytest.raises(LogUnavailable, match="too slow"):  # noqa: PT012
                while taken < 100:
                    log.append("t", b"k", b"%d" % taken + bytes(1000))
                    taken += 1
            with pytest.raises(LogUnavailable, match="too slow"):
                log.flush(0.2)
        log.flush()

        assert 8 <= taken < 20
        assert log.bounds("t", 0) == (0, taken)


@pytest.mark.root
def test_a_full_disk_is_one_sentence_and_writing_goes_on_when_there_is_room(tmp_path: Path) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", tmp_path], check=True)
    try:
        filler = tmp_path / "filler"
        with closing(LocalLog(tmp_path / "x.log", patience=5)) as log:
            log.create([TOPIC])
            filler.write_bytes(bytes(1_500_000))
            for _ in range(8):
                log.append("t", b"k", os.urandom(100_000))
            with pytest.raises(LogUnavailable, match=r"disk of the log .* is full; free"):
                log.flush(2)
            filler.unlink()

            log.flush()

            assert log.bounds("t", 0).end == 8
    finally:
        subprocess.run(["umount", "-l", tmp_path], check=True)

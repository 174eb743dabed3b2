"""A damaged log: sound records are read, the rest is one sentence, and a new log takes its place."""

import logging
import os
import shutil
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
import zstandard

from log.connect import connect
from log.damage import kept_aside
from log.local import LocalLog
from log.open import open_log
from log.protocol import Log, LogDamaged, LogError, LogUnusable
from log.rows import MOST_BYTES
from log.settings import LogSettings
from log.sqlite_file import row_id, wal_path
from schemas.codec import BadRecord, decode
from schemas.topics import CONNECTIONS, HEARTBEATS, HOSTS

TOPICS = [replace(topic, partitions=1) for topic in (CONNECTIONS, HEARTBEATS, HOSTS)]
VALUES = [b"", b"x" * 10, b'{"v":1,"text":"' + b"ab" * 400 + b'"}', os.urandom(900)]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of some hundred records."""
    path = tmp_path_factory.mktemp("original") / "log.sqlite"
    with closing(LocalLog(path)) as log:
        log.create(TOPICS)
        for number in range(400):
            topic = TOPICS[number % 3].name
            value = None if number % 50 == 0 else VALUES[number % 4]
            log.append(topic, b"host-%d" % (number % 9), value, headers={"h": b"1"} if number % 5 == 0 else None)
        log.flush()
        with closing(log.reader([CONNECTIONS.name], "group")) as reader:
            reader.poll(5, 50)
            reader.commit()
    return path


@pytest.fixture
def path(original: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "log.sqlite"
    shutil.copy(original, copy)
    return copy


@pytest.fixture(autouse=True)
def _quiet_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the error of a writer that a damaged log stops. In a part of the product it ends the process."""
    monkeypatch.setattr(threading, "excepthook", lambda _: None)


def use(path: Path) -> None:
    """Use all methods of a log."""
    with closing(LocalLog(path, patience=0.5)) as log:
        log.create(TOPICS)
        infos = log.topics()
        for info in infos:
            for partition in range(min(info.partitions or 0, 8)):
                with suppress(LogError):
                    first, end = log.bounds(info.name, partition)
                    list(log.read(info.name, partition, first, end))
                    log.offset_at(info.name, partition, 1)
        for group in ("group", "another", None):
            with closing(log.reader([topic.name for topic in TOPICS], group)) as reader:
                for _ in range(60):
                    if not reader.poll(0, 20):
                        break
                reader.lag()
                reader.commit()
        for topic in TOPICS:
            for key in (b"host-1", b"new"):
                log.append(topic.name, key, b"value" * 100)
        log.flush(2)


def flip(random: Random, data: bytearray) -> None:
    """Damage a file in ways in which disks and people do."""
    kind = random.randrange(6)
    at = random.randrange(len(data))
    if kind == 0:
        data[random.randrange(200)] ^= 1 << random.randrange(8)
    elif kind == 1:
        del data[at:]
    elif kind == 2:
        data[at // 512 * 512 : at // 512 * 512 + 512] = bytes(512)
    elif kind == 3:
        data[at // 8192 * 8192 : at // 8192 * 8192 + 8192] = random.randbytes(8192)
    else:
        for _ in range(random.choice((1, 3, 30))):
            data[random.randrange(len(data))] = random.randrange(256)


def start(settings: LogSettings) -> None:
    """Open a log as a part does when it starts."""
    connect(settings).close()


def sentence(work: Callable[[Any], object], about: object) -> str:
    """Do some work; return the sentence of its error, if it has one."""
    try:
        work(about)
    except LogError as error:
        return str(error)
    return ""


BYTES_IN_ERROR = 551  # a seed with which SQLite quotes bytes that are no text


@pytest.mark.fuzz
def test_any_damage_is_skipped_or_is_one_sentence_and_a_new_log_replaces_the_old(
    original: Path, tmp_path: Path, fuzz_factor: int
) -> None:
    whole = original.read_bytes()
    for seed in (BYTES_IN_ERROR, *range(40 * fuzz_factor)):
        random = Random(seed)
        settings = LogSettings(url=str(tmp_path / str(seed) / "log.sqlite"))
        path = settings.path
        path.parent.mkdir(mode=0o700)
        data = bytearray(whole)
        flip(random, data)
        path.write_bytes(data)
        message = [sentence(use, path) for _ in range(2)]
        for _ in range(2):
            message.append(sentence(start, settings))
            message.append(sentence(use, path))
        assert not any("\n" in each for each in message)
        assert message[-1] == "" or "give another path" in message[-1]  # of a byte of its owner or version


def values(path: Path, change: Callable[[sqlite3.Connection], object]) -> list[bytes | None]:
    """Change a log behind its back, and read the first partition of connections."""
    with closing(sqlite3.connect(path)) as connection:
        change(connection)
        connection.commit()
    with closing(LocalLog(path)) as log, closing(log.reader([CONNECTIONS.name], None)) as reader:
        found = []
        while records := reader.poll(0, 7):
            found += [record.value for record in records if record.partition == 0]
        assert [record.value for record in log.read(CONNECTIONS.name, 0, 0, 10**6)] == found
    return found


BOMB = zstandard.ZstdCompressor(level=19).compress(bytes(MOST_BYTES + 1))
UNSIZED = zstandard.ZstdCompressor(level=19, write_content_size=False).compress(bytes(MOST_BYTES + 1))


@pytest.mark.parametrize(
    "change",
    [
        "value = X'28b52ffd00', packed = 1",
        "value = 'text', packed = 0",
        "value = 17, packed = 1",
        "packed = 'x'",
        "headers = X'ff'",
        "headers = 3",
        "key = 'ä'",
        "key = NULL",
        "timestamp = NULL",
        "timestamp = X'00'",
        "timestamp = -5",
        "timestamp = 1.5",
        "value = CAST(X'ff00fe' AS TEXT)",
    ],
)
def test_a_damaged_record_costs_no_other_record(path: Path, change: str) -> None:
    with closing(LocalLog(path)) as log:
        before = [record.value for record in log.read(CONNECTIONS.name, 0, 0, 10**6)]
        place = row_id(log._topics.partition_id(CONNECTIONS.name, 0), 3)

    after = values(path, lambda connection: connection.execute(f"UPDATE records SET {change} WHERE id = {place}"))

    assert len(after) == len(before)
    assert after[:3] + after[4:] == before[:3] + before[4:]
    with pytest.raises(BadRecord):
        decode(CONNECTIONS.name, after[3])


@pytest.mark.parametrize("bomb", [BOMB, UNSIZED])
def test_a_value_with_a_size_of_gigabytes_is_not_unpacked(path: Path, bomb: bytes) -> None:
    with closing(LocalLog(path)) as log:
        place = row_id(log._topics.partition_id(CONNECTIONS.name, 0), 3)

    update = "UPDATE records SET value = ?, packed = 1 WHERE id = ?"
    found = values(path, lambda connection: connection.execute(update, (bomb, place)))

    assert found[3] == bomb


def written(log: Log) -> None:
    """Write until it fails."""
    while True:
        log.append(HOSTS.name, b"h", b"lost")
        log.flush(5)


def test_all_processes_close_a_damaged_log_and_the_next_start_makes_a_new_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = LogSettings(url=str(tmp_path / "data" / "log.sqlite"))
    writing, reading = connect(settings), connect(settings)
    path = settings.path
    writing.append(HOSTS.name, b"h", b"old")
    writing.flush()
    reader = reading.reader([HOSTS.name], None)
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA writable_schema = 1")
        other.execute("UPDATE sqlite_master SET rootpage = 1 WHERE name = 'records'")
        other.commit()
    with pytest.raises(LogDamaged, match="is damaged"):
        open_log(path)

    with pytest.raises(LogDamaged):
        reader.poll(20, 10)
    reader.close()
    reading.close()
    with pytest.raises(LogError):
        written(writing)
    with suppress(LogError):
        writing.close()
    with caplog.at_level(logging.ERROR), closing(connect(settings)) as log:
        log.append(HOSTS.name, b"h", b"new")
        log.flush()

        assert [r.value for r in log.read(HOSTS.name, 0, 0, 9)] == [b"new"]
    (kept,) = kept_aside(path)
    assert kept.stat().st_size > 0
    assert str(kept) in caplog.text
    assert "a new one was started" in caplog.text


def test_only_the_last_damaged_log_is_kept(tmp_path: Path) -> None:
    settings = LogSettings(url=str(tmp_path / "data" / "log.sqlite"))
    path = settings.path
    for number in range(3):
        connect(settings).close()
        content = bytearray(path.read_bytes())
        content[8192:] = b"%d" % number * (len(content) - 8192)
        path.write_bytes(content)
        for old in kept_aside(path):
            old.rename(old.with_name(f"{old.name[:-15]}2000010{number}T000000"))
        connect(settings).close()

    (kept,) = kept_aside(path)
    assert b"2222" in kept.read_bytes()


def test_a_log_that_was_moved_away_is_closed(tmp_path: Path) -> None:
    settings = LogSettings(url=str(tmp_path / "data" / "log.sqlite"))
    log = connect(settings)
    reader = log.reader([HOSTS.name], None)
    settings.path.rename(tmp_path / "elsewhere")

    with pytest.raises(LogDamaged, match="was moved away"):
        reader.poll(20, 10)
    reader.close()
    with suppress(LogError):
        log.close()
    with closing(connect(settings)) as again:
        assert sum(info.records for info in again.topics()) == 0


@pytest.mark.parametrize("target", ["log.sqlite", "elsewhere/log.sqlite"])
def test_a_log_may_be_a_symbolic_link(tmp_path: Path, target: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / target)
    with closing(LocalLog(link)) as log, closing(LocalLog(tmp_path / target)) as same:
        log.create([CONNECTIONS])
        for _ in range(3):
            log.append(CONNECTIONS.name, b"key", b"value", partition=0)
            log.flush(10)

        with closing(log.reader([CONNECTIONS.name], "g")), pytest.raises(LogError, match="already reads"):
            same.reader([CONNECTIONS.name], "g")
        assert same.bounds(CONNECTIONS.name, 0) == (0, 3)
    assert not wal_path(link).exists()


def test_a_writer_that_dies_is_reported(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("log.local_writer.Writer._write", lambda *_: 1 / 0)
    log = LocalLog(path)
    log.append(CONNECTIONS.name, b"key", b"value")

    with pytest.raises(LogUnusable, match="writer died: ZeroDivisionError"):
        log.flush(10)
    with pytest.raises(LogUnusable, match="writer died"):
        log.append(CONNECTIONS.name, b"key", b"value")
    with pytest.raises(LogUnusable, match="writer died"):
        log.close()


def test_circular_links_are_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")

    with pytest.raises(LogUnusable, match="links"):
        LocalLog(tmp_path / "a")

"""The local log: appending and polling batches of 10 KB, beside bare SQLite with the same bytes."""

import random
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import msgspec

from benchmarks.result import Goal, Result, compared
from log.local import LocalLog
from schemas.topics import CONNECTIONS

RECORDS = 2000
FLUSH_EVERY = 100
TOPIC = replace(CONNECTIONS, retention_ms=10**12, retention_bytes=10**12)
UNIT = "records/s"


def run() -> list[Result]:
    """Append with a flush every 100 records, and poll; both against SQLite's own speed."""
    values = _values()
    keys = [b"host-%d" % (number % 50) for number in range(RECORDS)]
    with tempfile.TemporaryDirectory() as directory, closing(_Log(Path(directory))) as log:
        table = _Table(Path(directory))
        with closing(table.connection):
            append = compared(
                "local log: append and flush 10 KB values",
                lambda: log.append(keys, values),
                "bare SQLite inserts",
                lambda: table.insert(keys, values),
                amount=RECORDS,
                unit=UNIT,
                goal=Goal(op=">=", number=0.5),
            )
            poll = compared(
                "local log: poll 10 KB values",
                log.poll,
                "bare SQLite select",
                table.select,
                amount=RECORDS,
                unit=UNIT,
            )
    return [append, poll]


class _Log:
    """Our side. Each run appends the records again; each poll reads the first ones."""

    def __init__(self, directory: Path) -> None:
        self._log = LocalLog(directory / "log")
        self._log.create([TOPIC])

    def append(self, keys: list[bytes], values: list[bytes]) -> None:
        for number, (key, value) in enumerate(zip(keys, values, strict=True), 1):
            self._log.append(TOPIC.name, key, value)
            if number % FLUSH_EVERY == 0:
                self._log.flush()

    def poll(self) -> None:
        with closing(self._log.reader([TOPIC.name], None)) as reader:
            left = RECORDS
            while left:
                left -= len(reader.poll(1, min(left, 500)))

    def close(self) -> None:
        self._log.close()


class _Table:
    """The limit: the same keys and bytes in one table, synced as often, nothing else."""

    def __init__(self, directory: Path) -> None:
        self.connection = sqlite3.connect(directory / "table", isolation_level=None)
        self.connection.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
            "CREATE TABLE records (id INTEGER PRIMARY KEY, key BLOB, value BLOB)"
        )

    def insert(self, keys: list[bytes], values: list[bytes]) -> None:
        rows = list(zip(keys, values, strict=True))
        for start in range(0, RECORDS, FLUSH_EVERY):
            self.connection.execute("BEGIN")
            self.connection.executemany(
                "INSERT INTO records (key, value) VALUES (?, ?)", rows[start : start + FLUSH_EVERY]
            )
            self.connection.execute("COMMIT")

    def select(self) -> None:
        query = "SELECT id, key, value FROM records ORDER BY id LIMIT ?"
        self.connection.execute(query, (RECORDS,)).fetchall()


def _values() -> list[bytes]:
    """Batches that look like a host's connections: about 10 KB of JSON, as compressible."""
    draw = random.Random(1)
    return [_value(draw.randrange) for _ in range(RECORDS)]


def _value(number: Callable[[int], int]) -> bytes:
    rows = [
        {
            "local": f"10.0.{number(4)}.{number(250)}:{number(60000)}",
            "remote": f"10.0.{number(4)}.{number(250)}:{number(9) + 8080}",
            "inode": number(10**7),
            "bytes_out": number(10**7),
            "bytes_in": number(10**7),
        }
        for _ in range(95)
    ]
    return msgspec.json.encode(rows)

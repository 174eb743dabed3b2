"""Compress values by an earlier value as the dictionary, because successive windows of a host are nearly the same.

The first record of a partition and key is the dictionary of the next ones, for an hour or until a much larger one
comes, such as a keyframe. A record names its dictionary, which is stored with the first record that needs it, and
deleted when no record needs it any more. With it an idle record takes a tenth, and a busy one three quarters.
"""

import os
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Iterable
from typing import NamedTuple

import zstandard

TABLES = """
CREATE TABLE IF NOT EXISTS dictionaries (
  id INTEGER PRIMARY KEY, partition INTEGER, last INTEGER, used INTEGER
);
CREATE TABLE IF NOT EXISTS dictionary_values (id INTEGER PRIMARY KEY, value BLOB)
"""
LEAST_ID = 1 << 32  # smaller numbers stand for the ways to store a value without a dictionary
LEAST_BYTES, MOST_BYTES = 64, 256 << 10  # of a value that is compressed by a dictionary
REFRESH_MS = 3_600_000
RICHER = 1.25  # a value that is so much larger becomes the next dictionary
MOST_HELD = 64  # the most dictionaries that a writer keeps
AT_ONCE = 32  # records of a transaction that are compressed by dictionaries, at 0.2 ms each; a busy log has no time
MOST_READ = 64
GRACE_MS = 3_600_000  # readers may hold records that retention has deleted meanwhile
LEVEL = 3

Of = tuple[int, bytes]  # partition id, key


class Dictionary:
    """A dictionary by which records are compressed."""

    def __init__(self, value: bytes, made: int) -> None:
        self.id = LEAST_ID + int.from_bytes(os.urandom(7), "big")
        self.value = value
        self.made = made
        self.stored = False
        self._data = zstandard.ZstdCompressionDict(value, dict_type=zstandard.DICT_TYPE_RAWCONTENT)

    def compress(self, value: bytes) -> bytes:
        """Compress a value. The compressor is not kept, because it would keep 850 KiB."""
        compressor = zstandard.ZstdCompressor(level=LEVEL, dict_data=self._data, write_dict_id=False)
        packed: bytes = compressor.compress(value)
        return packed


class Dictionaries:
    """The dictionaries of one writer. It forgets those that were unused for longest."""

    def __init__(self) -> None:
        self._held: OrderedDict[Of, Dictionary] = OrderedDict()

    def find(self, of: Of, value: bytes, now_ms: int) -> Dictionary | None:
        """Return the dictionary for a value; None if the value becomes a dictionary itself, or fits none."""
        if len(value) > MOST_BYTES:
            return None
        found = self._held.get(of)
        if found is None or now_ms - found.made > REFRESH_MS or len(value) > RICHER * len(found.value):
            if len(value) >= LEAST_BYTES:
                self._held[of] = Dictionary(value, now_ms)
                self._held.move_to_end(of)
                while len(self._held) > MOST_HELD:
                    self._held.popitem(last=False)
            return None
        self._held.move_to_end(of)
        return found if len(value) >= LEAST_BYTES else None

    def forget(self, of: Of) -> None:
        """Forget the dictionary of a partition and key."""
        self._held.pop(of, None)


class Used(NamedTuple):
    """The use of a dictionary in a transaction: its partition, and the last offset that needs it."""

    dictionary: Dictionary
    partition_id: int
    last: int


def store(connection: sqlite3.Connection, used: Iterable[Used], now_ms: int) -> set[int]:
    """Note the use of dictionaries, and store new ones; return the ids of those that were deleted meanwhile."""
    gone = set()
    for dictionary, partition_id, last in used:
        if not dictionary.stored:
            packed = zstandard.ZstdCompressor(level=LEVEL).compress(dictionary.value)
            connection.execute("INSERT INTO dictionary_values VALUES (?, ?)", (dictionary.id, packed))
            row = (dictionary.id, partition_id, last, now_ms)
            connection.execute("INSERT INTO dictionaries VALUES (?, ?, ?, ?)", row)
            continue
        noted = connection.execute(
            "UPDATE dictionaries SET last = max(last, ?), used = ? WHERE id = ?", (last, now_ms, dictionary.id)
        )
        if not noted.rowcount:
            gone.add(dictionary.id)
    return gone


def unneeded(connection: sqlite3.Connection, now_ms: int) -> list[int]:
    """Return the ids of dictionaries that no record has needed for a while."""
    rows = connection.execute(
        "SELECT dictionaries.id FROM dictionaries JOIN partitions ON partition = partitions.id"
        " WHERE used < ? AND last < first",
        (now_ms - GRACE_MS,),
    ).fetchall()
    return [id_ for (id_,) in rows]


def delete(connection: sqlite3.Connection, ids: Iterable[int]) -> None:
    """Delete dictionaries. If a writer has used one meanwhile, it makes another."""
    for id_ in ids:
        connection.execute("DELETE FROM dictionaries WHERE id = ?", (id_,))
        connection.execute("DELETE FROM dictionary_values WHERE id = ?", (id_,))


_read: OrderedDict[int, bytes] = OrderedDict()  # by id, which is unique across files
_reading = threading.Lock()


def load(connection: sqlite3.Connection, id_: int) -> bytes | None:
    """Return a dictionary as it is stored; None if there is none."""
    with _reading:
        if id_ in _read:
            return _read[id_]
    row = connection.execute("SELECT value FROM dictionary_values WHERE id = ?", (id_,)).fetchone()
    if row is None or not isinstance(row[0], bytes):
        return None
    with _reading:
        _read[id_] = row[0]
        while len(_read) > MOST_READ:
            _read.popitem(last=False)
    return row[0]

"""Rows of the local log's table `records`: pack them, unpack them, fetch a bounded number."""

import sqlite3
import threading
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
import zstandard

from log.dictionaries import LEAST_ID, Dictionary, load
from log.protocol import Record
from log.sqlite_file import offset_of, row_id

CHUNK_ROWS = 64
MAX_TIMESTAMP = 1 << 62
CHUNK_BYTES = 512 << 10  # of stored values; a single larger value is fetched too
MOST_HELD = 64  # decompressors of a thread, 37 KiB each
MOST_BYTES = 64 << 20  # of a value, above the limit of every topic: a damaged size may be gigabytes

_SMALL = 200  # bytes; below, the frame costs more than it saves
_ROW_BYTES = 24  # what SQLite adds to a row: header, ids and times
_headers = msgspec.msgpack.Decoder(dict[str, bytes])
_zstd = threading.local()  # compressors are not thread-safe


class Row(NamedTuple):
    """A row as it is stored."""

    id: int
    timestamp: int
    key: bytes
    headers: bytes | None
    packed: int  # 0: as it is, 1: compressed, else by the dictionary of this id
    value: bytes | None
    dictionary: bytes | None = None  # as it is stored

    @property
    def offset(self) -> int:
        """Return the offset of the row in its partition."""
        return offset_of(self.id)


def pack(value: bytes | None, dictionary: Dictionary | None = None) -> tuple[int, bytes | None]:
    """Return (1, compressed value) if that saves a tenth, else (0, value); (its id, …) if a dictionary is given."""
    if value is not None and dictionary is not None:
        by_dictionary = dictionary.compress(value)
        return (dictionary.id, by_dictionary) if len(by_dictionary) < 0.9 * len(value) else (0, value)
    if value is None or len(value) < _SMALL:
        return 0, value
    if not hasattr(_zstd, "compressor"):
        _zstd.compressor = zstandard.ZstdCompressor(level=3)
    packed: bytes = _zstd.compressor.compress(value)
    return (1, packed) if len(packed) < 0.9 * len(value) else (0, value)


def pack_headers(headers: Mapping[str, bytes] | None) -> bytes | None:
    """Return headers as one blob; None if there are none."""
    return msgspec.msgpack.encode(dict(headers)) if headers else None


def stored_bytes(key: bytes, headers: bytes | None, value: bytes | None) -> int:
    """Return the bytes of a row that count for the topic's retention_bytes."""
    return _ROW_BYTES + len(key) + len(headers or b"") + len(value or b"")


STORED_BYTES = f"{_ROW_BYTES} + length(key) + ifnull(length(headers), 0) + ifnull(length(value), 0)"


def unpack(topic: str, partition: int, row: Row) -> Record:
    """Return the record as it was appended. A damaged value is returned as it is stored; it decodes as no record."""
    value, headers = row.value, {}
    try:
        headers = _headers.decode(row.headers) if row.headers else {}
        value = _unpacked(row, value) if row.packed and value is not None else value
    except (zstandard.ZstdError, msgspec.DecodeError, ValueError, MemoryError):
        pass
    return Record(topic, partition, row.offset, row.timestamp, row.key, value, headers)


def _unpacked(row: Row, value: bytes) -> bytes:
    if zstandard.frame_content_size(value) > MOST_BYTES:
        raise ValueError("it is larger than any record")
    unpacked: bytes = _decompressor(row).decompress(value, max_output_size=MOST_BYTES)
    return unpacked


def _decompressor(row: Row) -> Any:
    """Return this thread's decompressor for a row."""
    if not hasattr(_zstd, "decompressors"):
        _zstd.decompressors = {1: zstandard.ZstdDecompressor()}
    held = _zstd.decompressors
    wanted = row.packed if row.packed >= LEAST_ID else 1
    if wanted not in held:
        if row.dictionary is None:
            raise ValueError("its dictionary is not there")
        value = held[1].decompress(row.dictionary, max_output_size=MOST_BYTES)
        data = zstandard.ZstdCompressionDict(value, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
        held[wanted] = zstandard.ZstdDecompressor(dict_data=data)
        while len(held) > MOST_HELD:
            del held[next(each for each in held if each != 1)]  # the oldest
    return held[wanted]


def fetch(connection: sqlite3.Connection, partition_id: int, start: int, stop: int) -> list[Row]:
    """Return the first rows with start <= offset < stop: at most a chunk, and none only if there are none."""
    low, high = row_id(partition_id, start), row_id(partition_id, stop)
    cursor = connection.execute(
        "SELECT id, timestamp, key, headers, packed, value FROM records WHERE id >= ? AND id < ? ORDER BY id LIMIT ?",
        (low, high, CHUNK_ROWS),
    )
    rows: list[Row] = []
    size = 0
    for found in cursor:
        row = _sound(*found)
        if not low <= row.id < high:
            raise IndexError("its rows are not in order")
        low = row.id + 1
        rows.append(row)
        size += len(row.value or b"")
        if size >= CHUNK_BYTES:
            break
    cursor.close()  # ends the read transaction, so that checkpoints need not wait
    return [row._replace(dictionary=load(connection, row.packed)) if row.packed >= LEAST_ID else row for row in rows]


def _sound(id_: int, timestamp: Any, key: Any, headers: Any, packed: Any, value: Any) -> Row:
    """Return a row without values of a wrong type, as damage leaves them. A damaged value never becomes a tombstone."""
    return Row(
        id_,
        timestamp if isinstance(timestamp, int) and 0 <= timestamp < MAX_TIMESTAMP else 0,
        key if isinstance(key, bytes) else b"",
        headers if isinstance(headers, bytes) else None,
        packed if isinstance(packed, int) else 0,
        value if isinstance(value, bytes) or value is None else b"",
    )

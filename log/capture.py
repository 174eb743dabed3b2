"""The file format of a capture: records of topics, copied out of a log.

A capture is a zstd file of JSON lines, so `zstd -dc FILE` prints its records. What ordinary tools skip is in skippable
frames:

    header     that it is a capture, and of which format
    blocks     JSON lines, a record each; a block has records of one partition in their order
    manifest   the range, the partitions with their counts and checksums, and where their blocks are
    closing    where the manifest begins, and the SHA-256 of all bytes before that sum
"""

import hashlib
import struct
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, Any, NamedTuple

import msgspec
import zstandard
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from log.protocol import LogError, Record

FORMAT = 1
BLOCK_BYTES = 1 << 20  # of lines; a block ends with the record that exceeds this
MOST_BLOCK_BYTES = 128 << 20  # a block with the largest record of any log is smaller
MOST_MANIFEST_BYTES = 256 << 20
MOST_TIMESTAMP = 1 << 62

_SKIPPABLE = 0x184D2A5E  # zstandard's format reserves 0x184D2A50 to 0x184D2A5F for them
_FRAME = struct.Struct("<II")  # magic number and size
_WHERE = struct.Struct("<Q")
_DIGEST = hashlib.sha256().digest_size
CLOSING_BYTES = _FRAME.size + _WHERE.size + _DIGEST

Count = Annotated[int, Meta(ge=0)]


class BadCapture(LogError):
    """The file is no capture, or not as it was written."""


class Header(Struct, frozen=True, kw_only=True):
    """What a file begins with."""

    servicemap: str = "capture"
    format: int = FORMAT
    version: str = ""  # of servicemap


class Block(Struct, frozen=True, array_like=True):
    """Where a block is in the file, and how many records it has."""

    at: Count
    size: Count
    records: Count


class Part(Struct, frozen=True, kw_only=True):
    """The records of one partition. `sha256` is of its lines; times are those of records, ms; offsets the log's."""

    topic: str
    partition: Count
    records: Count
    bytes: Count
    first: int
    last: int
    first_offset: int
    last_offset: int
    sha256: str
    blocks: Sequence[Block]


class Manifest(Struct, frozen=True, kw_only=True):
    """What is in a capture. `start` and `end`: the range that was asked for, ms, None for no limit."""

    made: int
    start: int | None
    end: int | None
    partitions: dict[str, Annotated[int, Meta(ge=1, le=100_000)]]  # by topic
    parts: Sequence[Part]
    about: dict[str, Any] = {}  # what else its maker knew

    @property
    def records(self) -> int:
        """Return how many records there are."""
        return sum(part.records for part in self.parts)


class _Line(Struct, frozen=True, omit_defaults=True):
    timestamp: Annotated[int, Meta(ge=0, le=MOST_TIMESTAMP)]
    key: str | UnsetType = UNSET
    key_base64: bytes | UnsetType = UNSET
    value: Raw | UnsetType = UNSET  # without any, it is a tombstone
    value_base64: bytes | UnsetType = UNSET
    headers: dict[str, bytes] = {}


class Place(NamedTuple):
    """A partition of a topic."""

    topic: str
    partition: int


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Line).decode


def line_of(record: Record) -> bytes:
    """Return a record as a line. A key or value that would not come back as it is, byte by byte, is in base64."""
    key: dict[str, Any] = {"key_base64": record.key}
    with suppress(UnicodeDecodeError):
        key = {"key": record.key.decode()}
    about: dict[str, Any] = {"timestamp": record.timestamp, **key, "headers": dict(record.headers)}
    if record.value is None:
        return _encode(_Line(**about)) + b"\n"
    line = _encode(_Line(**about, value=Raw(record.value)))
    with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        value = _decode(line).value
        if value is not UNSET and bytes(value) == record.value and b"\n" not in line:
            return line + b"\n"
    return _encode(_Line(**about, value_base64=record.value)) + b"\n"


def record_of(line: bytes, place: Place, number: int) -> Record:
    """Return the record of a line, its number in the capture's partition as offset; ValueError if it is none."""
    try:
        read = _decode(line)
    except RecursionError:
        raise ValueError("a line is nested too deep") from None
    key = read.key.encode() if read.key is not UNSET else read.key_base64
    value = read.value_base64 if read.value is UNSET else bytes(read.value)
    return Record(
        *place, number, read.timestamp, b"" if key is UNSET else key, None if value is UNSET else value, read.headers
    )


def packed(lines: bytes) -> bytes:
    """Return a block of lines as a frame."""
    return zstandard.ZstdCompressor(level=3, write_checksum=True, write_content_size=True).compress(lines)


def unpacked(frame: bytes) -> bytes:
    """Return the lines of a block; ValueError if it is none, or would be too large."""
    try:
        if not 0 <= zstandard.frame_content_size(frame) <= MOST_BLOCK_BYTES:
            raise ValueError("a block is larger than any that is written")
        lines: bytes = zstandard.ZstdDecompressor().decompress(frame, max_output_size=MOST_BLOCK_BYTES)
        return lines
    except zstandard.ZstdError as error:
        raise ValueError(f"a block cannot be unpacked: {error}") from None


def skippable(content: bytes) -> bytes:
    """Return a frame that ordinary tools skip."""
    return _FRAME.pack(_SKIPPABLE, len(content)) + content


def content_of(frame: bytes) -> bytes | None:
    """Return what is in a whole skippable frame; None if it is none."""
    if len(frame) < _FRAME.size or _FRAME.unpack_from(frame) != (_SKIPPABLE, len(frame) - _FRAME.size):
        return None
    return frame[_FRAME.size :]


def closing(manifest_at: int) -> bytes:
    """Return the end of a file up to its checksum, which follows."""
    return _FRAME.pack(_SKIPPABLE, _WHERE.size + _DIGEST) + _WHERE.pack(manifest_at)


def closed(end: bytes) -> tuple[int, bytes] | None:
    """Return where the manifest begins, and the checksum, from the last CLOSING_BYTES; None if it is none."""
    content = content_of(end)
    if content is None or len(content) != _WHERE.size + _DIGEST:
        return None
    (manifest_at,) = _WHERE.unpack_from(content)
    return manifest_at, content[_WHERE.size :]

"""Bytes of ClickHouse's native protocol: integers, strings, and compressed frames."""

import struct
import sys
from collections.abc import Callable

import lz4.block
import zstandard
from clickhouse_cityhash.cityhash import CityHash128

from sinks.embedded.engine import EngineError

_MAX_STRING = 64 << 20  # longest query text, name or setting taken from a client
_MAX_FRAME = 64 << 20  # unpacked; clients send 1 to 10 MiB
_LZ4_RATIO = 255  # what LZ4 can pack at most
_FRAME = struct.Struct("<QQBII")  # checksum low, high; method; sizes: with header, unpacked
_NONE, _LZ4, _ZSTD = 0x02, 0x82, 0x90
_PIECE = 1 << 20  # bytes in a compressed frame, as ClickHouse's max_compress_block_size


class Source:
    """A growing buffer over a stream; reading past its end asks for more.

    `more` returns the next bytes and an empty result at the end of the stream, which makes reads
    raise EOFError. What is not forgotten may not grow beyond `limit`: sizes are the client's word.
    """

    def __init__(self, more: Callable[[], bytes], limit: int = sys.maxsize) -> None:
        self._more = more
        self.limit = limit
        self.keeping: Callable[[int], None] | None = None  # called with how much more is kept
        self.buffer = bytearray()
        self.position = 0

    def need(self, end: int) -> None:
        """Wait until the buffer reaches `end`; raises EngineError when that is too far."""
        if end > self.limit:
            raise EngineError(
                131, f"DB::Exception: More than {self.limit} bytes in one packet. (TOO_LARGE_STRING_SIZE)"
            )
        while len(self.buffer) < end:
            data = self._more()
            if not data:
                raise EOFError("the client went away in the middle of a packet")
            if self.keeping:
                self.keeping(len(data))
            self.buffer += data

    def take(self, size: int) -> bytes:
        """Read `size` bytes."""
        end = self.position + size
        self.need(end)
        data = bytes(memoryview(self.buffer)[self.position : end])
        self.position = end
        return data

    def number(self, form: str) -> int:
        """Read one integer in `struct` notation."""
        return int(struct.unpack(form, self.take(struct.calcsize(form)))[0])

    def varint(self) -> int:
        """Read a LEB128 number of at most 64 bits."""
        value = shift = 0
        while True:
            self.need(self.position + 1)
            byte = self.buffer[self.position]
            self.position += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
            if shift > 63:
                raise EngineError(102, "DB::NetException: Bad number (UNEXPECTED_PACKET)")

    def string(self) -> str:
        """Read a length-prefixed string; bytes that are not UTF-8 survive as surrogates."""
        size = self.varint()
        if size > _MAX_STRING:
            raise EngineError(131, "DB::Exception: Too large string size. (TOO_LARGE_STRING_SIZE)")
        return self.take(size).decode("utf-8", "surrogateescape")

    def forget(self) -> None:
        """Drop what has been read."""
        del self.buffer[: self.position]
        self.position = 0


def varint(value: int) -> bytes:
    """Encode a number as LEB128."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def string(text: str) -> bytes:
    """Encode a string with its length."""
    data = text.encode("utf-8", "surrogateescape")
    return varint(len(data)) + data


def _checksum(data: bytes) -> tuple[int, int]:
    value = CityHash128(data)
    return value >> 64, value & 0xFFFFFFFFFFFFFFFF


def read_frame(source: Source, limit: int = _MAX_FRAME) -> bytes:
    """Read one compressed frame and give its content; raises EngineError when it is damaged or above the limit."""
    low, high, method, packed, size = _FRAME.unpack(source.take(_FRAME.size))
    if not 9 <= packed <= _MAX_FRAME or size > min(_MAX_FRAME, limit):
        raise EngineError(271, "DB::Exception: Bad size of a compressed block. (CANNOT_DECOMPRESS)")
    body = source.take(packed - 9)
    if _checksum(_FRAME.pack(0, 0, method, packed, size)[16:] + body) != (low, high):
        raise EngineError(40, "DB::Exception: Checksum doesn't match. (CHECKSUM_DOESNT_MATCH)")
    source.forget()
    try:
        # Room is made by the stated sizes: both must be the same, and possible.
        if method == _LZ4 and size <= len(body) * _LZ4_RATIO:
            return bytes(lz4.block.decompress(body, uncompressed_size=size))
        if method == _ZSTD and zstandard.frame_content_size(body) in (-1, size):
            return zstandard.ZstdDecompressor().decompress(body, max_output_size=size)
    except (lz4.block.LZ4BlockError, zstandard.ZstdError) as error:
        message = f"DB::Exception: {error} (CANNOT_DECOMPRESS)"
        raise EngineError(271, message) from error
    if method == _NONE:
        return body
    if method in (_LZ4, _ZSTD):
        raise EngineError(271, "DB::Exception: A compressed block is not of the size it states. (CANNOT_DECOMPRESS)")
    message = f"DB::Exception: Unknown compression method {method}. (UNKNOWN_COMPRESSION_METHOD)"
    raise EngineError(89, message)


def frames(data: bytes) -> bytes:
    """Compress bytes with LZ4 into as many frames as they need."""
    out = []
    for start in range(0, len(data), _PIECE):
        piece = data[start : start + _PIECE]
        body = lz4.block.compress(piece, store_size=False)
        head = _FRAME.pack(0, 0, _LZ4, len(body) + 9, len(piece))[16:]
        out += [struct.pack("<QQ", *_checksum(head + body)), head, body]
    return b"".join(out)

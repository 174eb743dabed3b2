"""Content encodings of HTTP requests, unpacked piece by piece: no piece is larger than the next step can take."""

import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

import lz4.frame
import zstandard

from sinks.embedded.engine import EngineError

_PIECE = 1 << 18
_SIP = 256  # bytes of zstd at a time, which give at most 8 MiB
_WINDOW = 8 << 20  # of zstd over HTTP: RFC 9659


class _Unpacker(Protocol):
    """An incremental decompressor of one frame that can be held to a size."""

    @property
    def eof(self) -> bool:
        """Return whether the frame has ended."""

    def unpack(self, data: bytes) -> bytes:
        """Give at most a piece of what data unpacks to; empty data: of what is left."""

    def rest(self) -> bytes:
        """Return what follows the end of the frame."""


class _Zlib:
    def __init__(self, bits: int) -> None:
        self._inner = zlib.decompressobj(bits)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    def unpack(self, data: bytes) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, _PIECE)

    def rest(self) -> bytes:
        return self._inner.unused_data


class _Lz4:
    def __init__(self) -> None:
        self._inner = lz4.frame.LZ4FrameDecompressor()

    @property
    def eof(self) -> bool:
        return bool(self._inner.eof)

    def unpack(self, data: bytes) -> bytes:
        return bytes(self._inner.decompress(data, max_length=_PIECE))

    def rest(self) -> bytes:
        return bytes(self._inner.unused_data or b"")


class _Zstd:
    """The library holds its output to no size, but a block of zstd is at least 4 bytes and gives at most 128 KiB."""

    def __init__(self) -> None:
        self._inner = zstandard.ZstdDecompressor(max_window_size=_WINDOW).decompressobj()
        self._left = memoryview(b"")

    @property
    def eof(self) -> bool:
        return bool(self._inner.eof)

    def unpack(self, data: bytes) -> bytes:
        self._left = memoryview(bytes(self._left) + data) if self._left else memoryview(data)
        while self._left and not self._inner.eof:
            given, self._left = self._left[:_SIP], self._left[_SIP:]
            if piece := self._inner.decompress(given):
                return bytes(piece)
        return b""

    def rest(self) -> bytes:
        return bytes(self._inner.unused_data) + bytes(self._left)


_FRAMED: dict[str, Callable[[], _Unpacker]] = {
    "gzip": lambda: _Zlib(31),
    "x-gzip": lambda: _Zlib(31),
    "deflate": lambda: _Zlib(15),
    "lz4": _Lz4,
    "zstd": _Zstd,
}
ENCODINGS = tuple(_FRAMED)


def unpacked(encoding: str, raw: Iterator[bytes]) -> Iterator[bytes]:
    """Unpack data that comes in pieces; raises EngineError for data that is none, or ends too early."""
    try:
        yield from _members(_FRAMED[encoding], raw)
    except (zlib.error, RuntimeError, zstandard.ZstdError) as error:
        raise EngineError(354, f"DB::Exception: {encoding}: {error} (ZLIB_INFLATE_FAILED)") from error


def _members(begin: Callable[[], _Unpacker], raw: Iterator[bytes]) -> Iterator[bytes]:
    """Unpack one frame after the other: tools join files by joining what is packed."""
    unpacker: _Unpacker | None = None
    for data in raw:
        left = data
        while left or unpacker:
            unpacker = unpacker or begin()
            piece = unpacker.unpack(left)
            left = b""
            if piece:
                yield piece
            if unpacker.eof:
                left, unpacker = unpacker.rest(), None
            elif not piece:
                break
    if unpacker:
        raise EngineError(354, "DB::Exception: The compressed data ends too early. (ZLIB_INFLATE_FAILED)")

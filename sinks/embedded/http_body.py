"""Request and response bodies of the HTTP interface: chunks, content encodings, frames."""

import zlib
from collections.abc import Callable, Iterator
from email.message import Message
from io import BufferedIOBase
from typing import Protocol

import lz4.frame
import zstandard

from sinks.embedded.engine import EngineError
from sinks.embedded.wire import Source, read_frame

_PIECE = 1 << 18
_MAX_CHUNK = 1 << 30


class Unpacker(Protocol):
    """What every library's incremental decompressor offers."""

    def decompress(self, data: bytes, /) -> bytes:
        """Give what the data so far unpacks to."""


class Packer(Protocol):
    """An incremental compressor: `compress` pieces, then `flush` once."""

    def compress(self, data: bytes, /) -> bytes:
        """Pack one piece."""

    def flush(self) -> bytes:
        """Give the rest and the end mark."""


class _Lz4Packer:
    """lz4's compressor wants to be begun; this one begins by itself."""

    def __init__(self) -> None:
        self._frame = lz4.frame.LZ4FrameCompressor()
        self._begun = False

    def compress(self, data: bytes) -> bytes:
        head = b"" if self._begun else self._frame.begin()
        self._begun = True
        return bytes(head + self._frame.compress(data))

    def flush(self) -> bytes:
        return self.compress(b"") + bytes(self._frame.flush())


_UNPACKERS: dict[str, Callable[[], Unpacker]] = {
    "gzip": lambda: zlib.decompressobj(31),
    "deflate": lambda: zlib.decompressobj(15),
    "lz4": lz4.frame.LZ4FrameDecompressor,
    "zstd": lambda: zstandard.ZstdDecompressor().decompressobj(),
}
PACKERS: dict[str, Callable[[], Packer]] = {
    "lz4": _Lz4Packer,
    "zstd": lambda: zstandard.ZstdCompressor(level=1).compressobj(),
    "gzip": lambda: zlib.compressobj(1, wbits=31),
    "deflate": lambda: zlib.compressobj(1, wbits=15),
}


def read_body(file: BufferedIOBase, headers: Message) -> Iterator[bytes]:
    """Yield a request's body as it was before its transfer and content encodings.

    Raises EngineError for an encoding nobody knows or data it does not fit.
    """
    if headers.get("Transfer-Encoding", "").lower() == "chunked":
        raw = _chunks(file)
    else:
        raw = _sized(file, int(headers.get("Content-Length") or 0))
    encoding = headers.get("Content-Encoding", "").lower()
    if encoding in ("", "identity"):
        yield from raw
        return
    if encoding not in _UNPACKERS:
        raise EngineError(
            89,
            f"DB::Exception: Content-Encoding {encoding}: send one of "
            f"{', '.join(_UNPACKERS)}. (UNKNOWN_COMPRESSION_METHOD)",
        )
    unpacker = _UNPACKERS[encoding]()
    try:
        for data in raw:
            yield unpacker.decompress(data)
    except (zlib.error, RuntimeError, zstandard.ZstdError) as error:
        raise EngineError(354, f"DB::Exception: {encoding}: {error} (ZLIB_INFLATE_FAILED)") from error


def unframed(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Unpack ClickHouse's own compressed frames (`decompress=1`)."""
    source = Source(lambda: next((piece for piece in pieces if piece), b""))
    while True:
        try:
            source.need(1)
        except EOFError:
            return
        yield read_frame(source)


def _sized(file: BufferedIOBase, left: int) -> Iterator[bytes]:
    while left:
        data = file.read(min(left, _PIECE))
        if not data:
            raise EOFError("the client went away in the middle of a request")
        left -= len(data)
        yield data


def _chunks(file: BufferedIOBase) -> Iterator[bytes]:
    while True:
        line = file.readline(64)
        try:
            size = int(line.split(b";")[0], 16)
        except ValueError:
            raise EOFError("a request's chunks are broken") from None
        if size == 0:
            while file.readline(1024).strip():
                pass
            return
        if size > _MAX_CHUNK:
            raise EOFError("a request's chunk is too large")
        yield from _sized(file, size)
        file.readline(8)

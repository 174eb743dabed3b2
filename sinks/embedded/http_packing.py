"""How the body of an answer travels: in ClickHouse's frames, in a content encoding, or as it is."""

import zlib
from collections.abc import Callable
from typing import Protocol

import cramjam
import lz4.frame
import zstandard

from sinks.embedded.wire import frames


class Packing(Protocol):
    """Packs the pieces of one body; `encoding` is its Content-Encoding, if it has one."""

    encoding: str

    def pack(self, data: bytes) -> bytes:
        """Pack one piece; the packer may hold some of it back."""

    def flush(self) -> bytes:
        """Give what was held back, so that all packed so far can be read."""

    def end(self) -> bytes:
        """Give the rest and the end mark."""


class Plain:
    """Nothing is done."""

    encoding = ""

    def pack(self, data: bytes) -> bytes:
        """Return the piece."""
        return data

    def flush(self) -> bytes:
        """Return nothing: nothing was held back."""
        return b""

    end = flush


class Framed(Plain):
    """ClickHouse's own frames (`compress=1`): each stands for itself, that of an error too."""

    def pack(self, data: bytes) -> bytes:
        """Return as many frames as the piece needs."""
        return frames(data)


class _Zlib:
    def __init__(self, encoding: str, bits: int) -> None:
        self.encoding = encoding
        self._packer = zlib.compressobj(1, wbits=bits)
        self.pack = self._packer.compress
        self.end = self._packer.flush

    def flush(self) -> bytes:
        return self._packer.flush(zlib.Z_SYNC_FLUSH)


class _Zstd:
    encoding = "zstd"

    def __init__(self) -> None:
        self._packer = zstandard.ZstdCompressor(level=1).compressobj()
        self.pack = self._packer.compress

    def flush(self) -> bytes:
        return self._packer.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)

    def end(self) -> bytes:
        return self._packer.flush()


class _Lz4:
    encoding = "lz4"

    def __init__(self) -> None:
        self._packer = lz4.frame.LZ4FrameCompressor(auto_flush=True)
        self._head = bytes(self._packer.begin())

    def pack(self, data: bytes) -> bytes:
        head, self._head = self._head, b""
        return head + bytes(self._packer.compress(data))

    def flush(self) -> bytes:
        return self.pack(b"")

    def end(self) -> bytes:
        return self.pack(b"") + bytes(self._packer.flush())


class _Brotli:
    encoding = "br"

    def __init__(self) -> None:
        self._packer = cramjam.brotli.Compressor(1)

    def pack(self, data: bytes) -> bytes:
        self._packer.compress(data)
        return self.flush()

    def flush(self) -> bytes:
        return bytes(self._packer.flush())

    def end(self) -> bytes:
        return bytes(self._packer.finish())


# By preference, as ClickHouse's `chooseHTTPCompressionMethod` has it (src/IO/CompressionMethod.cpp).
_ENCODINGS: dict[str, Callable[[], Packing]] = {
    "zstd": _Zstd,
    "br": _Brotli,
    "lz4": _Lz4,
    "gzip": lambda: _Zlib("gzip", 31),
    "deflate": lambda: _Zlib("deflate", 15),
}


def chosen(accepted: str) -> Packing:
    """Return the packing for an Accept-Encoding header: the best that is offered, else none."""
    offered = {name.strip().lower() for name, refused in _offers(accepted) if not refused}
    for name, make in _ENCODINGS.items():
        if name in offered:
            return make()
    return Plain()


def _offers(accepted: str) -> list[tuple[str, bool]]:
    parts = [part.partition(";") for part in accepted.split(",")]
    return [(name, value.replace(" ", "") in {"q=0", "q=0.0", "q=0.00", "q=0.000"}) for name, _, value in parts]

"""Request bodies of the HTTP interface: chunks, content encodings, frames."""

import re
from collections.abc import Iterator
from email.message import Message
from io import BufferedIOBase

from sinks.embedded.engine import EngineError
from sinks.embedded.http_packed import ENCODINGS, unpacked
from sinks.embedded.wire import Source, read_frame

_PIECE = 1 << 18
_MAX_CHUNK = 1 << 30
_LINE, _TRAILERS = 1024, 32
_HEX = re.compile(rb"[0-9a-fA-F]{1,8}")


def read_body(file: BufferedIOBase, headers: Message) -> Iterator[bytes]:
    """Return a request's body as it was before its transfer and content encodings.

    Raises EngineError for an encoding nobody knows or data it does not fit.
    """
    coding = headers.get("Transfer-Encoding", "identity").strip().lower()
    if coding == "chunked":
        raw = _chunks(file)
    elif coding == "identity":
        raw = _sized(file, _length(headers))
    else:
        raise EngineError(48, "DB::Exception: Transfer-Encoding: send chunked, or Content-Length. (NOT_IMPLEMENTED)")
    encoding = headers.get("Content-Encoding", "").strip().lower()
    if encoding in ("", "identity"):
        return raw
    if encoding not in ENCODINGS:
        raise EngineError(
            89,
            f"DB::Exception: Content-Encoding {encoding}: send one of "
            f"{', '.join(ENCODINGS)}. (UNKNOWN_COMPRESSION_METHOD)",
        )
    return unpacked(encoding, raw)


def _length(headers: Message) -> int:
    given = headers.get("Content-Length", "0").strip()
    if not (given.isascii() and given.isdigit() and len(given) < 19):
        raise EngineError(27, "DB::Exception: Content-Length: send a number of bytes. (CANNOT_PARSE_INPUT_ASSERTION)")
    return int(given)


def unframed(pieces: Iterator[bytes], limit: int) -> Iterator[bytes]:
    """Unpack ClickHouse's own compressed frames (`decompress=1`), each of at most so many bytes."""
    ended = False

    def more() -> bytes:
        nonlocal ended
        piece = next((piece for piece in pieces if piece), b"")
        ended = not piece
        return piece

    source = Source(more)
    while True:
        try:
            source.need(1)
        except EOFError:
            return
        try:
            yield read_frame(source, limit)
        except EOFError:
            if not ended:
                raise
            message = "DB::Exception: The body ends in the middle of a compressed block. (CANNOT_DECOMPRESS)"
            raise EngineError(271, message) from None


def _sized(file: BufferedIOBase, left: int) -> Iterator[bytes]:
    while left:
        data = file.read(min(left, _PIECE))
        if not data:
            raise EOFError("the client went away in the middle of a request")
        left -= len(data)
        yield data


def _chunks(file: BufferedIOBase) -> Iterator[bytes]:
    while True:
        size = _chunk_size(file.readline(_LINE))
        if size == 0:
            for _ in range(_TRAILERS):
                if not file.readline(_LINE).strip():
                    return
            raise _broken()
        yield from _sized(file, size)
        if file.readline(8).strip():
            raise _broken()


def _chunk_size(line: bytes) -> int:
    digits = line.partition(b";")[0].strip()
    if not line.endswith(b"\n") or not _HEX.fullmatch(digits) or (size := int(digits, 16)) > _MAX_CHUNK:
        raise _broken()
    return size


def _broken() -> EngineError:
    return EngineError(27, "DB::Exception: The chunks of the request are broken. (CANNOT_PARSE_INPUT_ASSERTION)")

"""The frames of HTTP/2, and where they begin again after bytes that were not seen (RFC 9113 4 and 6)."""

from collections.abc import Container
from typing import NamedTuple

from collectors.protocols.first_bytes import HTTP2_PREFACE

DATA, HEADERS, RST_STREAM, SETTINGS, CONTINUATION = 0, 1, 3, 4, 9
_PING, _GOAWAY, _WINDOW_UPDATE = 6, 7, 8
END_STREAM, END_HEADERS, PADDED, PRIORITY = 0x01, 0x04, 0x08, 0x20
HEADER = 9  # bytes of a frame's header
_LONGEST = 16 << 10  # that ends take unless they say otherwise
_LONGEST_DATA = 1 << 20  # libraries of gRPC say otherwise, and send large messages so
_ACK = 0x01
_NEW = 1_000  # calls that may have been missed


class Frame(NamedTuple):
    """The header of a frame, and where what is behind it lies."""

    kind: int
    flags: int
    stream: int
    begin: int
    end: int


def frame_at(data: bytes, here: int) -> Frame:
    """Return the frame that begins at a byte."""
    begin = here + HEADER
    end = begin + int.from_bytes(data[here : here + 3], "big")
    stream = int.from_bytes(data[here + 5 : begin], "big") & 0x7FFF_FFFF
    return Frame(data[here + 3], data[here + 4], stream, begin, end)


def first_frames(payload: bytes) -> list[Frame]:
    """Return the frames that a segment of a client begins with, up to the first of headers."""
    here, found = len(HTTP2_PREFACE) if payload.startswith(HTTP2_PREFACE) else 0, []
    while here + HEADER <= len(payload) and payload[here + 3] <= CONTINUATION:
        found.append(frame_at(payload, here))
        if found[-1].kind == HEADERS:
            break
        here = found[-1].end
    return found


def block_of(frame: Frame, data: bytes) -> bytes:
    """Return what a frame has of a block of fields."""
    begin, end = frame.begin, frame.end
    if frame.kind == HEADERS and frame.flags & PADDED:
        end -= sum(data[begin : begin + 1])
        begin += 1
    if frame.kind == HEADERS and frame.flags & PRIORITY:
        begin += 5
    return data[begin:end]


def are_frames(payload: bytes, open_streams: Container[int], last: int, *, from_client: bool) -> bool:
    """Return whether a segment consists of frames that an end can send, the last of which may go on in the next one.

    `last` is the latest stream that is known, `open_streams` are those of calls that wait.
    """
    if len(payload) < HEADER:
        return False
    here, begun = 0, set[int]()
    while here + HEADER <= len(payload):
        frame = frame_at(payload, here)
        there = begun if frame.stream in begun else open_streams
        if payload[here + 5] & 0x80 or not _can_be(frame, there, last, from_client=from_client):
            return False
        if frame.kind == HEADERS:
            last = max(last, frame.stream)
            begun.add(frame.stream)
        here = frame.end
    return True


def _can_be(frame: Frame, open_streams: Container[int], last: int, *, from_client: bool) -> bool:
    kind, flags, stream, begin, end = frame
    size = end - begin
    if size > (_LONGEST_DATA if kind == DATA else _LONGEST):
        return False
    known = stream & 1 == 1 and stream <= last
    if kind == DATA:
        fits = not flags & ~(END_STREAM | PADDED) and (size > 0 or flags & END_STREAM != 0)
        return fits and stream in open_streams
    if kind == HEADERS:
        new = stream & 1 == 1 and last < stream <= last + 2 * _NEW
        there = new if from_client else stream in open_streams
        whole = flags & END_HEADERS and not flags & ~(END_STREAM | END_HEADERS | PADDED | PRIORITY)
        return there and bool(whole) and size > 0
    if kind == RST_STREAM:
        return known and size == 4 and not flags
    if kind == _WINDOW_UPDATE:
        return (known or not stream) and size == 4 and not flags
    if kind == SETTINGS:
        return not stream and not flags & ~_ACK and size % 6 == 0 and (size == 0) == bool(flags & _ACK)
    if kind == _PING:
        return not stream and not flags & ~_ACK and size == 8
    return kind == _GOAWAY and not stream and not flags and size >= 8

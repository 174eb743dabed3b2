"""gRPC over HTTP/2 in clear text: calls by method, results by status.

https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, frames: RFC 9113 4 and 6. Calls are answered in any
order, each on its own stream: a call begins with the headers of its client, and is over with those of its server that
end the stream. Of a method the name alone is kept, and only where the server has it.
"""

import re
from typing import NamedTuple

from collectors.protocols.first_bytes import HTTP2_PREFACE
from collectors.protocols.header_fields import Fields, HeaderFields
from collectors.protocols.parser import ERROR, LOST, MOST_WAITING, OK, OTHER, UNSEEN, Parser

CONTENT_TYPE = b"application/grpc"
_CODED = bytes.fromhex("1d75d0620d263d4c4d6564")  # the same by HPACK's code (RFC 7541 B)
_DATA, _HEADERS, _RST_STREAM, _SETTINGS, _CONTINUATION = 0, 1, 3, 4, 9
_END_STREAM, _END_HEADERS, _PADDED, _PRIORITY = 0x01, 0x04, 0x08, 0x20
_FRAME = 9  # bytes of a frame's header
_POST = b"\x83"  # the field ":method: POST" (RFC 7541 A), which a call has
_STATUS = frozenset(b"\x08\x18\x48\x88\x89\x8a\x8b\x8c\x8d\x8e")  # how ":status" begins, which comes first in an answer
_SIZE = re.compile(rb"^(?:[\x20-\x3e]|\x3f[\x80-\xff]*[\0-\x7f])+")  # of the table, by which a block may begin (6.3)
_FIRST = 1  # the number of a connection's first stream
_LONGEST_BLOCK = 64 << 10
_METHOD = re.compile(rb"/(?:\w+\.)*(\w{1,64}/\w{1,64})").fullmatch
_UNIMPLEMENTED = b"12"  # a status: there is no such method


class _Frame(NamedTuple):
    kind: int
    flags: int
    stream: int
    begin: int  # of what is behind its header
    end: int


class Grpc(Parser):
    """A connection to a server of gRPC."""

    __slots__ = ("_answers", "_begun", "_calls", "_fields")
    name = "grpc"

    def __init__(self) -> None:
        super().__init__()
        self._calls: dict[int, tuple[str, int]] = {}  # method, and when it was called, ns; by stream
        self._fields = HeaderFields(known=False)  # of the client
        self._answers = HeaderFields(known=False)
        self._begun: dict[bool, tuple[_Frame, bytes]] = {}  # headers that continue, by whether they are the client's

    @classmethod
    def asks(cls, payload: bytes, size: int) -> bool:
        """Return whether a segment has the first call of a connection, which names the content type."""
        fields = _call(payload)
        return CONTENT_TYPE in fields or _CODED in fields

    @classmethod
    def asks_again(cls, payload: bytes, size: int) -> bool:
        """Return whether a segment begins with a call."""
        return _call(payload) != b""

    def begin(self, payload: bytes) -> None:
        """Start with a call: if it is the first one, header fields are known from here on."""
        super().begin(payload)
        first = next((one for one in _frames(payload) if one.kind == _HEADERS), None)
        known = first is not None and first.stream == _FIRST
        self._fields, self._answers = HeaderFields(known=known), HeaderFields(known=known)
        self._begun.clear()

    def client(self, data: bytes, at: int) -> int:
        """Take calls."""
        here = 0
        if data[:1] == HTTP2_PREFACE[:1]:
            if len(data) < len(HTTP2_PREFACE):
                return 0 if HTTP2_PREFACE.startswith(data) else LOST
            if not data.startswith(HTTP2_PREFACE):
                return LOST
            here = len(HTTP2_PREFACE)
        return self._take(data, here, at, from_client=True)

    def server(self, data: bytes, at: int) -> int:
        """Take answers."""
        return self._take(data, 0, at, from_client=False)

    def _take(self, data: bytes, here: int, at: int, *, from_client: bool) -> int:
        size = len(data)
        while here + _FRAME <= size:
            frame = _frame(data, here)
            if frame.kind in (_HEADERS, _CONTINUATION):
                if frame.end > size:
                    break
                if not self._headers(frame, data, at, from_client=from_client):
                    return LOST
            elif frame.kind == _SETTINGS:
                if frame.stream or (frame.end - frame.begin) % 6:
                    return LOST
            elif frame.kind == _RST_STREAM:
                self._reset(frame.stream, at, from_client=from_client)
            elif frame.kind == _DATA and not from_client and frame.flags & _END_STREAM:
                self._answer(frame.stream, None, at)
            here = frame.end
        return here

    def _headers(self, frame: _Frame, data: bytes, at: int, *, from_client: bool) -> bool:
        """Take a frame of headers; return whether it is one."""
        block = _block(frame, data)
        if frame.kind == _CONTINUATION:
            if from_client not in self._begun:
                return False
            frame_begun, begun = self._begun.pop(from_client)
            block = begun + block
            frame = frame_begun._replace(flags=frame_begun.flags | frame.flags & _END_HEADERS)
        if not frame.stream or len(block) > _LONGEST_BLOCK or from_client in self._begun:
            return False
        if not frame.flags & _END_HEADERS:
            self._begun[from_client] = frame, block
        elif from_client:
            self._ask(frame.stream, self._fields.read(block), at)
        else:
            fields = self._answers.read(block)
            self.confirmed |= _answers(block, fields)
            if frame.flags & _END_STREAM:
                self._answer(frame.stream, fields, at)
        return True

    def _ask(self, stream: int, fields: Fields | None, at: int) -> None:
        if stream in self._calls:  # trailers of the client
            return
        if fields is not None and not _is_grpc(fields):
            return
        if len(self._calls) >= MOST_WAITING:
            self.opaque = True
            return
        method = _METHOD(fields.get(b":path", b"")) if fields is not None else None
        self._calls[stream] = (method[1].decode() if method else OTHER), at

    def _answer(self, stream: int, fields: Fields | None, at: int) -> None:
        call = self._calls.pop(stream, None)
        if call is None:
            return
        method, asked = call
        if fields is None:
            self.counts.add(method, UNSEEN, at - asked)
            return
        status = fields.get(b"grpc-status")
        result = OK if status == b"0" else ERROR
        self.counts.add(OTHER if status in (None, _UNIMPLEMENTED) else method, result, at - asked)

    def _reset(self, stream: int, at: int, *, from_client: bool) -> None:
        call = self._calls.pop(stream, None)
        if call is not None and from_client:
            self.counts.given_up += 1
        elif call is not None:
            self.counts.add(OTHER, ERROR, at - call[1])

    def pending(self) -> int:
        """Return how many calls wait."""
        return len(self._calls)

    def give_up(self, before: int) -> bool:
        """Count the calls as given up that have waited since a time. Others go on: their answers have numbers."""
        late = [stream for stream, (_, asked) in self._calls.items() if asked < before]
        for stream in late:
            del self._calls[stream]
        self.counts.given_up += len(late)
        return True

    def remembers(self) -> bool:
        """Return whether header fields of either end are known, which later ones refer to."""
        return self._fields.known or self._answers.known

    def rest(self) -> None:
        """Drop the blocks that were read."""
        self._fields.rest()
        self._answers.rest()

    def held(self) -> int:
        """Return how many bytes it holds beside what waits."""
        return self._fields.held() + self._answers.held() + sum(len(block) for _, block in self._begun.values())

    def drop(self) -> int:
        """Forget the calls that wait, and all fields; return how many calls these were."""
        dropped = len(self._calls)
        self._calls.clear()
        self._begun.clear()
        self._fields.forget()
        self._answers.forget()
        return dropped


def _frame(data: bytes, here: int) -> _Frame:
    begin = here + _FRAME
    end = begin + int.from_bytes(data[here : here + 3], "big")
    return _Frame(
        data[here + 3], data[here + 4], int.from_bytes(data[here + 5 : begin], "big") & 0x7FFF_FFFF, begin, end
    )


def _frames(payload: bytes) -> "list[_Frame]":
    """Return the frames that a segment of a client begins with, up to the first of headers."""
    here, found = len(HTTP2_PREFACE) if payload.startswith(HTTP2_PREFACE) else 0, []
    while here + _FRAME <= len(payload) and payload[here + 3] <= _CONTINUATION:
        found.append(_frame(payload, here))
        if found[-1].kind == _HEADERS:
            break
        here = found[-1].end
    return found


def _block(frame: _Frame, data: bytes) -> bytes:
    """Return what a frame has of a block of fields."""
    begin, end = frame.begin, frame.end
    if frame.kind == _HEADERS and frame.flags & _PADDED:
        end -= sum(data[begin : begin + 1])
        begin += 1
    if frame.kind == _HEADERS and frame.flags & _PRIORITY:
        begin += 5
    return data[begin:end]


def _is_grpc(fields: Fields) -> bool:
    """Return whether the content type is that of gRPC, and not that of a gateway for browsers, such as grpc-web."""
    kind = fields.get(b"content-type", b"")
    return kind == CONTENT_TYPE or kind[: len(CONTENT_TYPE) + 1] in (CONTENT_TYPE + b"+", CONTENT_TYPE + b";")


def _answers(block: bytes, fields: Fields | None) -> bool:
    """Return whether the fields of a server are those of an answer of gRPC; as they are, where they are not known."""
    if fields is None:
        return CONTENT_TYPE in block or _CODED in block
    return _is_grpc(fields) or b"grpc-status" in fields


def _call(payload: bytes) -> bytes:
    """Return the fields with which a segment calls, as they are; none where it does not."""
    frames = _frames(payload)
    if not frames or frames[-1].kind != _HEADERS or not frames[-1].stream & 1:
        return b""
    fields = _SIZE.sub(b"", _block(frames[-1], payload), count=1)
    return fields if _POST in fields and fields[0] not in _STATUS else b""

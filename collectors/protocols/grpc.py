"""gRPC over HTTP/2 in clear text: calls by method, results by status.

https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, frames: RFC 9113 4 and 6. Calls are answered in any
order, each on its own stream: a call begins with the headers of its client, and is over with those of its server that
end the stream. Of a method the name alone is kept, and only where the server has it.
"""

from collectors.counts import PATIENCE_NS
from collectors.protocols import grpc_fields
from collectors.protocols.first_bytes import HTTP2_PREFACE
from collectors.protocols.frames import (
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    HEADER,
    HEADERS,
    RST_STREAM,
    SETTINGS,
    Frame,
    are_frames,
    block_of,
    first_frames,
    frame_at,
)
from collectors.protocols.header_fields import Fields, HeaderFields
from collectors.protocols.parser import LOST, MOST_WAITING, OTHER, Parser
from schemas.results import ERROR, OK, UNSEEN

_FIRST = 1  # the number of a connection's first stream
_LONGEST_BLOCK = 64 << 10
_UNIMPLEMENTED = b"12"  # a status: there is no such method
_BRIEF = 512  # bytes of a block that ends an answer
_DOUBT_NS = 10_000_000_000  # for which a call waits whose answer may have passed unseen
_MOST_DOUBTED = 32  # of such calls of a connection


class Grpc(Parser):
    """A connection to a server of gRPC."""

    __slots__ = ("_answers", "_begun", "_calls", "_doubted", "_fields", "_last", "_loose", "_started", "_unsure")
    name = "grpc"
    resumes = True

    def __init__(self) -> None:
        super().__init__()
        self._calls: dict[int, tuple[str, int]] = {}  # method, and when it was called, ns; by stream
        self._fields = HeaderFields(known=False)  # of the client
        self._answers = HeaderFields(known=False)
        self._last = 0  # the latest stream of the client
        self._started: set[int] = set()  # streams of calls whose answers have begun
        self._unsure: set[bool] = set()  # ends of which headers may not have been seen; whether the client's
        self._loose = False  # headers may come from the server for other streams than those of `_calls`
        self._doubted: dict[int, int] = {}  # calls whose answers may have passed unseen, and since when, ns
        self._begun: dict[bool, tuple[Frame, bytes]] = {}  # headers that continue, by whether they are the client's

    @classmethod
    def asks(cls, payload: bytes, size: int) -> bool:
        """Return whether a segment has the first call of a connection, which names the content type."""
        return grpc_fields.name_grpc(grpc_fields.call_in(payload))

    @classmethod
    def asks_again(cls, payload: bytes, size: int) -> bool:
        """Return whether a segment begins with a call."""
        return grpc_fields.call_in(payload) != b""

    def begin(self, payload: bytes) -> None:
        """Start with a call: if it is the first one, header fields are known from here on."""
        super().begin(payload)
        first = next((one for one in first_frames(payload) if one.kind == HEADERS), None)
        known = first is not None and first.stream == _FIRST
        self._fields, self._answers = HeaderFields(known=known), HeaderFields(known=known)
        self._forget()
        self._last = first.stream - 2 if first is not None else 0

    @classmethod
    def begins(cls, payload: bytes) -> bool:
        """Return whether a segment of a client is the first one of a connection, or has its first call."""
        return payload.startswith(HTTP2_PREFACE) or (
            grpc_fields.call_in(payload) != b"" and first_frames(payload)[-1].stream == _FIRST
        )

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
        while here + HEADER <= size:
            frame = frame_at(data, here)
            if frame.kind in (HEADERS, CONTINUATION):
                if frame.end > size:
                    break
                if not self._headers(frame, data, at, from_client=from_client):
                    return LOST
            elif frame.kind == SETTINGS:
                if frame.stream or (frame.end - frame.begin) % 6:
                    return LOST
            elif frame.kind == RST_STREAM:
                self._reset(frame.stream, at, from_client=from_client)
            elif frame.kind == DATA and not from_client:
                if self._doubted:
                    self._doubted.pop(frame.stream, None)
                if frame.flags & END_STREAM:
                    self._end_unsure()
                    self._answer(frame.stream, None, at)
            here = frame.end
        return here

    def _headers(self, frame: Frame, data: bytes, at: int, *, from_client: bool) -> bool:
        """Take a frame of headers; return whether it is one."""
        block = block_of(frame, data)
        if frame.kind == CONTINUATION:
            if from_client not in self._begun:
                return False
            frame_begun, begun = self._begun.pop(from_client)
            block = begun + block
            frame = frame_begun._replace(flags=frame_begun.flags | frame.flags & END_HEADERS)
        if not frame.stream or len(block) > _LONGEST_BLOCK or from_client in self._begun:
            return False
        if not frame.flags & END_HEADERS:
            self._begun[from_client] = frame, block
        elif from_client:
            fields = self._asked(frame, block) if self._unsure else self._fields.read(block)
            if frame.stream > self._last:
                self._last = frame.stream
            self._ask(frame.stream, fields, at)
        else:
            doubtful = self._unsure or self._doubted
            fields = self._answered(frame, block) if doubtful else self._answers.read(block)
            if fields is None and frame.flags & END_STREAM and len(block) <= _BRIEF:
                fields = grpc_fields.spelled_status(block)
            self.confirmed |= grpc_fields.are_answer(block, fields)
            if frame.flags & END_STREAM:
                self._answer(frame.stream, fields, at)
            elif frame.stream in self._calls:
                self._started.add(frame.stream)
        return True

    def _asked(self, frame: Frame, block: bytes) -> Fields | None:
        """Return the fields of a call. After a gap they are known if this is the next stream: then none was missed."""
        unsure = True in self._unsure
        if unsure:
            self._unsure.discard(True)
            if frame.stream != self._last + 2:
                self._fields.forget()
                self._loose = True
        fields = self._fields.read(block)
        if unsure and fields is not None and not grpc_fields.are_grpc(fields):
            self._fields.forget()
            return None
        return fields

    def _answered(self, frame: Frame, block: bytes) -> Fields | None:
        """Return the fields of an answer. After a gap they are known if only this one was awaited, and goes on here."""
        self._doubted.pop(frame.stream, None)
        if False not in self._unsure:
            return self._answers.read(block)
        self._unsure.discard(False)
        goes_on = (frame.stream in self._started) == bool(frame.flags & END_STREAM)
        if self._loose or self._unsure or self._calls.keys() != {frame.stream} or not goes_on:
            self._answers.forget()
        fields = self._answers.read(block)
        if fields is not None and not grpc_fields.are_of_server(fields):
            self._answers.forget()
            return None
        return fields

    def _end_unsure(self) -> None:
        """Forget the fields of the server if a stream ends of which headers may not have been seen."""
        if False in self._unsure:
            self._answers.forget()

    def gap(self, at: int, *, from_client: bool) -> None:
        """Go on after bytes of an end that were not seen."""
        self._unsure.add(from_client)
        if self._begun.pop(from_client, None):
            (self._fields if from_client else self._answers).forget()
        if not from_client:
            for stream in self._calls:
                self._doubted.setdefault(stream, at)
            while len(self._doubted) > _MOST_DOUBTED:
                self._end_unseen(next(iter(self._doubted)))

    def resume(self, payload: bytes, at: int, *, from_client: bool) -> bool:
        """Return whether a segment behind a gap begins with a frame."""
        found = are_frames(payload, self._calls, self._last, from_client=from_client)
        if found:
            self.gap(at, from_client=from_client)
        return found

    def end_doubted(self) -> None:
        """Count the calls whose answers may have passed unseen."""
        if False in self._unsure:
            self._doubted = dict.fromkeys(self._calls, 0)
        self._count_doubted(0)

    def _count_doubted(self, before: int) -> None:
        """Count those that have been in doubt since a time."""
        for stream in [stream for stream, since in self._doubted.items() if since <= before]:
            self._end_unseen(stream)

    def _end_unseen(self, stream: int) -> None:
        """Count a call that is in doubt as one whose answer was not seen."""
        del self._doubted[stream]
        self._started.discard(stream)
        self._end_unsure()
        if (call := self._calls.pop(stream, None)) is not None:
            self._loose = True
            self.counts.add_unseen(call[0], UNSEEN)

    def _ask(self, stream: int, fields: Fields | None, at: int) -> None:
        if stream in self._calls:  # trailers of the client
            return
        if fields is not None and not grpc_fields.are_grpc(fields):
            self._loose = True
            return
        if len(self._calls) >= MOST_WAITING:
            self.opaque = True
            return
        self._calls[stream] = grpc_fields.method(fields) or OTHER, at

    def _answer(self, stream: int, fields: Fields | None, at: int) -> None:
        call = self._calls.pop(stream, None)
        if call is None:
            return
        self._started.discard(stream)
        method, asked = call
        if fields is None:
            self.counts.add(method, UNSEEN, at - asked)
            return
        status = fields.get(grpc_fields.STATUS)
        result = OK if status == b"0" else ERROR
        self.counts.add(OTHER if status in (None, _UNIMPLEMENTED) else method, result, at - asked)

    def _reset(self, stream: int, at: int, *, from_client: bool) -> None:
        call = self._calls.pop(stream, None)
        if call is None:
            return
        self._started.discard(stream)
        self._end_unsure()
        if from_client:
            self._loose = True  # its answer may be under way
            self.counts.given_up += 1
        else:
            self.counts.add(OTHER, ERROR, at - call[1])

    def pending(self) -> int:
        """Return how many calls wait."""
        return len(self._calls)

    def give_up(self, before: int) -> bool:
        """Count the calls as given up that have waited since a time. Others go on: their answers have numbers."""
        self._count_doubted(before + PATIENCE_NS - _DOUBT_NS)
        late = [stream for stream, (_, asked) in self._calls.items() if asked < before]
        for stream in late:
            del self._calls[stream]
            self._started.discard(stream)
            self._loose = True
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
        self._forget()
        self._fields.forget()
        self._answers.forget()
        return dropped

    def _forget(self) -> None:
        """Forget what is known of the streams."""
        self._begun.clear()
        self._started.clear()
        self._unsure.clear()
        self._doubted.clear()
        self._loose = False

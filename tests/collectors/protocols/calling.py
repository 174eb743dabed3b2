"""Calls of gRPC and their answers, in frames of HTTP/2."""

from collections.abc import Iterable

from hpack import Encoder

from collectors.protocols.first_bytes import HTTP2_PREFACE
from collectors.protocols.grpc import Grpc
from tests.collectors.protocols.dialogue import ANSWERS, ASKS, Dialogue

DATA, HEADERS, RST, CONTINUATION = 0, 1, 3, 9
END_STREAM, END_HEADERS, PADDED, PRIORITY = 1, 4, 8, 0x20
SAY, WATCH = "/shop.v1.Greeter/Say", "/shop.v1.Greeter/Watch"


def frame(kind: int, flags: int, stream: int, body: bytes) -> bytes:
    """Return a frame of HTTP/2."""
    return len(body).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + body


SETTINGS = frame(4, 0, 0, b"\0\3\0\0\0\x64")
TAKEN = frame(4, 1, 0, b"")


class Both:
    """The two ends of a connection, each of which compresses fields with what it has sent before."""

    def __init__(self) -> None:
        self.client, self.server = Encoder(), Encoder()
        self.fields(self.server, [("server", "x")])  # a table that has something

    def fields(self, encoder: Encoder, fields: Iterable[tuple[str, str]], *, huffman: bool = True) -> bytes:
        return bytes(encoder.encode(fields, huffman=huffman))

    def call(
        self, stream: int, method: str, content_type: str = "application/grpc", *, huffman: bool = True, size: int = 20
    ) -> bytes:
        asked = [(":method", "POST"), (":scheme", "http"), (":path", method), (":authority", "shop:50051")]
        asked += [("content-type", content_type), ("te", "trailers"), ("authorization", f"secret {method}")]
        body = frame(DATA, END_STREAM, stream, b"m" * size)
        return frame(HEADERS, END_HEADERS, stream, self.fields(self.client, asked, huffman=huffman)) + body

    def begins(self, stream: int) -> bytes:
        fields = self.fields(self.server, [(":status", "200"), ("content-type", "application/grpc")])
        return frame(HEADERS, END_HEADERS, stream, fields)

    def ends(self, stream: int, status: int = 0) -> bytes:
        return frame(HEADERS, END_HEADERS | END_STREAM, stream, self.fields(self.server, trailers(status)))

    def answer(self, stream: int, status: int = 0, *, size: int = 30) -> bytes:
        return self.begins(stream) + frame(DATA, 0, stream, b"a" * size) + self.ends(stream, status)

    def fails(self, stream: int, status: int) -> bytes:
        fields = [(":status", "200"), ("content-type", "application/grpc"), *trailers(status)]
        return frame(HEADERS, END_HEADERS | END_STREAM, stream, self.fields(self.server, fields))


def trailers(status: int) -> list[tuple[str, str]]:
    return [("grpc-status", str(status)), ("grpc-message", "secret" if status else "")]


def dialogues() -> Iterable[Dialogue]:
    one = Both()
    said = [(ASKS, HTTP2_PREFACE + SETTINGS + one.call(1, SAY)), (ANSWERS, SETTINGS + TAKEN + one.answer(1))]
    for stream in range(3, 9, 2):
        said += [(ASKS, one.call(stream, SAY)), (ANSWERS, one.answer(stream))]
    yield Dialogue("calls one after another", Grpc, said, {"Greeter/Say ok": 4})
    one = Both()
    said = [(ASKS, one.call(1, WATCH) + one.call(3, SAY) + one.call(5, SAY, huffman=False))]
    said += [(ANSWERS, one.begins(1) + one.answer(5) + one.fails(3, 14)), (ANSWERS, one.ends(1, 4))]
    counted = {"Greeter/Say ok": 1, "Greeter/Say error": 1, "Greeter/Watch error": 1}
    yield Dialogue("calls answered in another order", Grpc, said, counted)
    one = Both()
    said = [(ASKS, one.call(1, "/Greeter/None")), (ANSWERS, one.fails(1, 12)), (ASKS, one.call(3, "/a/b/c?secret"))]
    said += [(ANSWERS, one.answer(3))]
    yield Dialogue("methods that nobody has, and odd ones", Grpc, said, {"other error": 1, "other ok": 1})
    one = Both()
    said = [(ASKS, one.call(1, SAY)), (ANSWERS, one.answer(1)), (ASKS, one.call(3, SAY, "application/json"))]
    said += [(ANSWERS, one.answer(3)), (ASKS, one.call(5, SAY)), (ANSWERS, one.answer(5))]
    yield Dialogue("requests that are no calls", Grpc, said, {"Greeter/Say ok": 2})
    one = Both()
    said = [(ASKS, one.call(1, SAY) + one.call(3, SAY) + frame(RST, 0, 1, b"\0\0\0\x08"))]
    said += [(ANSWERS, frame(RST, 0, 3, b"\0\0\0\x02"))]
    yield Dialogue("calls that either end cancels", Grpc, said, {"given up": 1, "other error": 1})
    one = Both()
    said = [(ASKS, one.call(1, SAY, size=70_000)), (ANSWERS, one.answer(1, size=90_000)), (ASKS, one.call(3, SAY))]
    said += [(ANSWERS, one.answer(3))]
    yield Dialogue("large messages", Grpc, said, {"Greeter/Say ok": 2})
    one = Both()
    fields = [(":method", "POST"), (":path", SAY), ("content-type", "application/grpc+proto"), ("x", "y" * 40)]
    block = one.fields(one.client, fields, huffman=False)
    first = frame(HEADERS, PADDED | PRIORITY, 1, b"\3" + bytes(5) + block[:50] + bytes(3))
    said = [(ASKS, first + frame(CONTINUATION, END_HEADERS, 1, block[50:])), (ANSWERS, one.answer(1))]
    yield Dialogue("headers in several frames", Grpc, said, {"Greeter/Say ok": 1})


CALLS = list(dialogues())
CALL = CALLS[1].said[0][1]

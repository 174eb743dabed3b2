"""What header fields of gRPC look like: those of calls and of answers, and their bytes where nobody can read them.

https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
"""

import re

from collectors.protocols.frames import HEADERS, block_of, first_frames
from collectors.protocols.header_fields import Fields, spelled_out

CONTENT_TYPE = b"application/grpc"
STATUS = b"grpc-status"
_CODED = bytes.fromhex("1d75d0620d263d4c4d6564")  # the content type by HPACK's code (RFC 7541 B)
_POST = b"\x83"  # the field ":method: POST" (RFC 7541 A), which a call has
_STATUS = frozenset(b"\x08\x18\x48\x88\x89\x8a\x8b\x8c\x8d\x8e")  # how ":status" begins, which comes first in an answer
_SIZE = re.compile(rb"^(?:[\x20-\x3e]|\x3f[\x80-\xff]*[\0-\x7f])+")  # of the table, by which a block may begin (6.3)
_METHOD = re.compile(rb"/(?:\w+\.)*(\w{1,64}/\w{1,64})").fullmatch
_ANSWERING = {b":status", STATUS}  # one of which the headers of a server have


def call_in(payload: bytes) -> bytes:
    """Return the fields with which a segment calls, as they are; none where it does not."""
    frames = first_frames(payload)
    if not frames or frames[-1].kind != HEADERS or not frames[-1].stream & 1:
        return b""
    fields = _SIZE.sub(b"", block_of(frames[-1], payload), count=1)
    return fields if _POST in fields and fields[0] not in _STATUS else b""


def name_grpc(block: bytes) -> bool:
    """Return whether fields, as they are, name the content type."""
    return CONTENT_TYPE in block or _CODED in block


def are_grpc(fields: Fields) -> bool:
    """Return whether the content type is that of gRPC, and not that of a gateway for browsers, such as grpc-web."""
    kind = fields.get(b"content-type", b"")
    return kind == CONTENT_TYPE or kind[: len(CONTENT_TYPE) + 1] in (CONTENT_TYPE + b"+", CONTENT_TYPE + b";")


def are_of_server(fields: Fields) -> bool:
    """Return whether fields can be those of a server."""
    return not fields.keys().isdisjoint(_ANSWERING)


def are_answer(block: bytes, fields: Fields | None) -> bool:
    """Return whether the fields of a server are those of an answer of gRPC; as they are, where they are not known."""
    return name_grpc(block) if fields is None else are_grpc(fields) or STATUS in fields


def method(fields: Fields | None) -> str:
    """Return the name of the method that is called; "" where it is not known, or is none."""
    found = _METHOD(fields.get(b":path", b"")) if fields is not None else None
    return found[1].decode() if found else ""


def spelled_status(block: bytes) -> Fields | None:
    """Return the status of a block that spells it out, as many servers do each time."""
    status = spelled_out(block).get(STATUS)
    return None if status is None else {STATUS: status}

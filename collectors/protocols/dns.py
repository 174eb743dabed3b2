"""DNS over UDP: headers, the question, and the addresses that an answer gives for its name (RFC 1035 4.1)."""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from collectors.protocols.parser import OTHER
from schemas.results import ERROR, OK
from schemas.text import to_text

PORT = 53
NAME = "dns"
NO_SUCH_NAME = "nxdomain"  # an answer like others: of a search list, most names do not exist
LONGEST_NAME = 253  # characters
MOST_RECORDS = 64  # of an answer, that are read
_MOST_POINTERS = 16  # that one name may follow
_HEADER = struct.Struct("!HHHH").unpack_from  # id, flags, questions, answers
_RECORD = struct.Struct("!HHIH").unpack_from  # type, class, seconds that it holds, length
_START, _RECORD_SIZE = 12, 10
_ANSWER, _KIND, _RESULT = 0x8000, 0x7800, 0x000F
_TYPES = {1: "A", 2: "NS", 5: "CNAME", 6: "SOA", 12: "PTR", 15: "MX", 16: "TXT", 28: "AAAA", 33: "SRV", 65: "HTTPS"}
_ADDRESSES, _ALIAS, _INTERNET = {1: 4, 28: 16}, 5, 1  # bytes by type; CNAME; class
_RESULTS = {0: OK, 3: NO_SUCH_NAME}
_LEAST = 17  # bytes: the header and a question
_FOREVER = 1 << 32  # seconds
_LONGEST = 255  # bytes of a name on the wire


class Message(NamedTuple):
    """A question, or an answer with its result. `asked` is the name and what follows it, as they are on the wire."""

    number: int
    operation: str
    result: str
    asked: bytes


class Given(NamedTuple):
    """An address that an answer gives, and for how many seconds."""

    address: bytes
    seconds: int


def message(payload: bytes) -> Message | None:
    """Return what a datagram is; None where it is no standard query with one question."""
    if len(payload) < _LEAST:
        return None
    number, flags, questions, _ = _HEADER(payload)
    if flags & _KIND or questions != 1:
        return None
    here = _START
    while here < len(payload) and (label := payload[here]):
        if label > 63:
            return None
        here += 1 + label
    operation = _TYPES.get(int.from_bytes(payload[here + 1 : here + 3], "big"), OTHER)
    result = _RESULTS.get(flags & _RESULT, ERROR) if flags & _ANSWER else ""
    return Message(number, operation, result, payload[_START : here + 5])


def name_of(asked: bytes) -> str:
    """Return the name of a question as text; "" where it is too long, or may be read in several ways."""
    labels = _labels(asked, 0)[0]
    if any(b"." in label for label in labels):
        return ""
    name = to_text(b".".join(labels))
    return name if len(name) <= LONGEST_NAME else ""


def given(payload: bytes, asked: bytes) -> Iterator[Given]:
    """Yield the addresses that an answer gives for the name of its question, by way of its aliases (CNAME) too.

    What cannot be read ends it, as does the end of what is here of the payload.
    """
    known = {tuple(_labels(asked, 0)[0]): _FOREVER}
    here = _START + len(asked)
    for _ in range(min(_HEADER(payload)[3], MOST_RECORDS)):
        owner, here = _labels(payload, here)
        if here + _RECORD_SIZE > len(payload):
            return
        kind, group, seconds, length = _RECORD(payload, here)
        here += _RECORD_SIZE
        held = known.get(tuple(owner))
        if held is not None and group == _INTERNET and here + length <= len(payload):
            seconds = min(seconds, held)
            if kind == _ALIAS and (target := _labels(payload, here)[0]):
                known.setdefault(tuple(target), seconds)
            elif _ADDRESSES.get(kind) == length:
                yield Given(payload[here : here + length], seconds)
        here += length


def _labels(raw: bytes, here: int) -> tuple[list[bytes], int]:
    """Return the labels of a name in lower case, and where it ends; an end behind all where it cannot be read."""
    labels: list[bytes] = []
    after, size, pointers = 0, 0, 0
    while here < len(raw):
        label = raw[here]
        if not label:
            return labels, after or here + 1
        if label >= 0xC0:
            pointers += 1
            after = after or here + 2
            here = int.from_bytes(raw[here : here + 2], "big") & 0x3FFF
            if pointers > _MOST_POINTERS:
                break
            continue
        size += 1 + label
        if label > 63 or size > _LONGEST:
            break
        labels.append(raw[here + 1 : here + 1 + label].lower())
        here += 1 + label
    return [], len(raw)

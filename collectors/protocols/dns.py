"""DNS over UDP: headers, and of the question its type; never the name (RFC 1035 4.1)."""

import struct
from typing import NamedTuple

from collectors.protocols.parser import ERROR, OK, OTHER

PORT = 53
NAME = "dns"
NO_SUCH_NAME = "nxdomain"  # an answer like others: of a search list, most names do not exist
_HEADER = struct.Struct("!HHH").unpack_from  # id, flags, questions
_ANSWER, _KIND, _RESULT = 0x8000, 0x7800, 0x000F
_TYPES = {1: "A", 2: "NS", 5: "CNAME", 6: "SOA", 12: "PTR", 15: "MX", 16: "TXT", 28: "AAAA", 33: "SRV", 65: "HTTPS"}
_RESULTS = {0: OK, 3: NO_SUCH_NAME}
_LEAST = 17  # bytes: the header and a question


class Message(NamedTuple):
    """A question, or an answer with its result."""

    number: int
    operation: str
    result: str = ""


def message(payload: bytes) -> Message | None:
    """Return what a datagram is; None where it is no standard query with one question."""
    if len(payload) < _LEAST:
        return None
    number, flags, questions = _HEADER(payload)
    if flags & _KIND or questions != 1:
        return None
    here = 12
    while here < len(payload) and (label := payload[here]):
        if label > 63:
            return None
        here += 1 + label
    operation = _TYPES.get(int.from_bytes(payload[here + 1 : here + 3], "big"), OTHER)
    return Message(number, operation, _RESULTS.get(flags & _RESULT, ERROR) if flags & _ANSWER else "")

"""Protocols that are known by their first bytes alone, and whose requests are not counted.

Each function returns whether a segment of `size` bytes, of which `payload` are the first, is of its protocol; those of
answers are also given how the request began. They are strict: what they are not sure of is no protocol.
"""

import re
import struct

_KAFKA = struct.Struct("!IHHIh").unpack_from
_MONGODB = struct.Struct("<IIII").unpack_from
_SSH = re.compile(rb"SSH-(2\.0|1\.99)-[!-~]").match
_OP_MSG, _OP_QUERY = 2013, 2004
_HIGHEST_KEY, _HIGHEST_VERSION, _CLIENT_ID = 92, 20, re.compile(rb"[\w.:@/+ -]+").fullmatch
HTTP2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_SETTINGS = 4
_START = b"\0\x0a\0\x0a"  # class and method of AMQP 0-9-1


def http2(payload: bytes, size: int) -> bool:
    """Recognise HTTP/2 with prior knowledge, from the client (RFC 9113 3.4)."""
    return payload.startswith(HTTP2_PREFACE)


def http2_answers(payload: bytes, size: int, asked: bytes) -> bool:
    """Recognise the settings of a server, which come first, or that it takes those of its client (RFC 9113 6.5)."""
    length = int.from_bytes(payload[:3], "big")
    return (
        len(payload) >= 9 and payload[3] == _SETTINGS and payload[4] <= 1 and not any(payload[5:9]) and not length % 6
    )


def amqp(payload: bytes, size: int) -> bool:
    """Recognise the header of AMQP 0-9-1 or 1.0, which the client sends first."""
    return size == len(payload) == 8 and payload[:4] == b"AMQP" and payload[4] in (0, 2, 3) and payload[5] <= 1


def amqp_answers(payload: bytes, size: int, asked: bytes) -> bool:
    """Recognise a server's header (of 1.0, or of the version it wants), or the Start of 0-9-1."""
    return amqp(payload, size) or (payload[:3] == b"\1\0\0" and payload[7:11] == _START)


def ssh(payload: bytes, size: int) -> bool:
    """Recognise the identification of either end (RFC 4253 4.2)."""
    return _SSH(payload) is not None


def mongodb(payload: bytes, size: int) -> bool:
    """Recognise a request: as long as it says, an answer to nothing, with a document behind the header."""
    if len(payload) < 26:
        return False
    length, _, answers, code = _MONGODB(payload)
    if length != size or answers or code not in (_OP_MSG, _OP_QUERY):
        return False
    if code == _OP_QUERY:
        return payload.find(b"\0", 20, 148) > 0 and payload[20] > 32
    flags, document = int.from_bytes(payload[16:20], "little"), int.from_bytes(payload[21:25], "little")
    return not flags & ~0x1_0003 and payload[20] == 0 and 5 <= document <= size - 21


def mongodb_answers(payload: bytes, size: int, asked: bytes) -> bool:
    """Recognise the answer to a request, by its number."""
    if len(payload) < 21:
        return False
    length, _, _, code = _MONGODB(payload)
    return payload[8:12] == asked[4:8] and code in (1, _OP_MSG) and length >= size


def kafka(payload: bytes, size: int) -> bool:
    """Recognise a request: as long as it says, of a known kind and version, from a client with a plain name."""
    if len(payload) < 15:
        return False
    length, key, version, _, name = _KAFKA(payload)
    if length != size - 4 or key > _HIGHEST_KEY or version > _HIGHEST_VERSION or not 0 < name <= 255:
        return False
    return _CLIENT_ID(payload[14 : 14 + name]) is not None


def kafka_answers(payload: bytes, size: int, asked: bytes) -> bool:
    """Recognise the answer to a request, as long as it says, by its correlation id."""
    return len(payload) >= 8 and int.from_bytes(payload[:4], "big") == size - 4 and payload[4:8] == asked[8:12]

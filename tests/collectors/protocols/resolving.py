"""Messages of DNS, written by hand."""

import struct
from socket import AF_INET, AF_INET6, inet_pton

Record = tuple[bytes, int, int, bytes]  # owner as on the wire, type, seconds, data
A, CNAME, TXT, AAAA = 1, 5, 16, 28
POINTER = b"\xc0\x0c"  # to the question's name
ASKS, ANSWERS = 0x0100, 0x8180


def wire(name: str) -> bytes:
    """Return a name as it is on the wire."""
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".") if label) + b"\0"


def question(number: int, name: str | bytes = "api.example.com", kind: int = A, flags: int = ASKS) -> bytes:
    """Return a question; a name may be given as on the wire."""
    return answer(number, name, kind=kind, flags=flags)


def answer(
    number: int, name: str | bytes, *records: Record, kind: int = A, flags: int = ANSWERS, count: int | None = None
) -> bytes:
    """Return an answer with these records; `count` is how many it claims to have."""
    asked = wire(name) if isinstance(name, str) else name
    header = struct.pack("!HHHHHH", number, flags, 1, len(records) if count is None else count, 0, 0)
    made = (owner + struct.pack("!HHIH", of, 1, seconds, len(data)) + data for owner, of, seconds, data in records)
    return header + asked + struct.pack("!HH", kind, 1) + b"".join(made)


def address(at: str, owner: bytes = POINTER, seconds: int = 60) -> Record:
    """Return a record of an address."""
    family, kind = (AF_INET6, AAAA) if ":" in at else (AF_INET, A)
    return owner, kind, seconds, inet_pton(family, at)


def alias(target: bytes, owner: bytes = POINTER, seconds: int = 60) -> Record:
    """Return a record of an alias; its target is as on the wire."""
    return owner, CNAME, seconds, target

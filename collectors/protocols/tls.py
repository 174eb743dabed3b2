"""TLS: the version that both ends agree on, and the name that the client asks for, of the hellos of a handshake.

RFC 8446 4.1, RFC 6066 3. What follows is encrypted, and never looked at.
"""

import struct

HANDSHAKE = 22  # the first byte of a hello
_CLIENT, _SERVER = 1, 2
_SERVER_NAME, _VERSIONS = 0, 43
_VERSION_NAMES = {0x0300: "ssl 3.0", 0x0301: "tls 1.0", 0x0302: "tls 1.1", 0x0303: "tls 1.2", 0x0304: "tls 1.3"}
_PAIR = struct.Struct("!HH").unpack_from
_LONGEST_NAME = 253


def client_hello(payload: bytes) -> str | None:
    """Return the name that a client's hello asks for, "" for none; None where this is no such hello."""
    if not _is_hello(payload, _CLIENT):
        return None
    here = _after_session(payload)
    here += 2 + int.from_bytes(payload[here : here + 2], "big")  # ciphers
    here += 1 + int.from_bytes(payload[here : here + 1], "big")  # compressions
    held = _extension(payload, here, _SERVER_NAME)
    if len(held) < 5 or held[2] != 0:
        return ""
    length = int.from_bytes(held[3:5], "big")
    name = held[5 : 5 + length]
    return host_name(name) if len(name) == length else ""


def server_hello(payload: bytes) -> str:
    """Return the version that a server's hello chooses; "" where this is no such hello."""
    if not _is_hello(payload, _SERVER):
        return ""
    here = _after_session(payload) + 3  # cipher and compression
    chosen = _extension(payload, here, _VERSIONS)
    version = int.from_bytes(chosen if len(chosen) == 2 else payload[9:11], "big")
    return _VERSION_NAMES.get(version, "")


def _is_hello(payload: bytes, kind: int) -> bool:
    """Return whether a record begins with a hello: its header, then that of the message, then a version."""
    return (
        len(payload) >= 44
        and payload[0] == HANDSHAKE
        and payload[1] == 3
        and payload[2] <= 4
        and payload[5] == kind
        and payload[6] == 0
        and payload[9] == 3
    )


def _after_session(payload: bytes) -> int:
    return 44 + payload[43]  # two headers, version, random, and the session's id


def _extension(payload: bytes, here: int, wanted: int) -> bytes:
    """Return an extension, as far as it is there."""
    here += 2
    while here + 4 <= len(payload):
        kind, length = _PAIR(payload, here)
        if kind == wanted:
            return payload[here + 4 : here + 4 + length]
        here += 4 + length
    return b""


def host_name(name: bytes) -> str:
    """Return a host name in lower case; "" where it is none, as it is text of a stranger."""
    if not 0 < len(name) <= _LONGEST_NAME or not name.isascii():
        return ""
    text = name.decode().lower()
    return text if all(letter.isalnum() or letter in ".-_" for letter in text) else ""

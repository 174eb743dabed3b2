"""Names of Unix sockets, as addresses of endpoints, as ports, and as people read them.

A name is a path, or begins with a zero byte (an abstract one). As an address it is written by `schemas.text`, and what
separates the parts of an endpoint (schemas/ids.py) is escaped as well, so it gives the very bytes back. A client has no
name: its address, which begins with #, and its port are its socket's cookie, which is unique on a boot.
"""

import re
from zlib import crc32

from schemas.text import to_bytes, to_text

UNIX = 256  # beside the protocols of IP, which end at 255
TRANSPORT = "unix"
_CLIENT = "#"
ESCAPES = {one: f"\\x{ord(one):02x}" for one in f" @:[]{_CLIENT}"}
"""How an address writes what separates the parts of an endpoint."""
_SEPARATORS = re.compile(f"[{re.escape(''.join(ESCAPES))}]")
_PORTS = 65_535


def server_endpoint(name: bytes) -> tuple[str, int]:
    """Return address and port of the server with a name. Equal names have one port, whatever else is at them."""
    return _escaped(to_text(name)), crc32(name) % _PORTS + 1


def client_endpoint(cookie: int) -> tuple[str, int]:
    """Return address and port of a client by the cookie of its socket."""
    return f"{_CLIENT}{cookie >> 16:x}", cookie & 0xFFFF


def name_of(address: str) -> str:
    """Return what people call the socket with an address; "" of a client."""
    return "" if address.startswith(_CLIENT) else shown_name(to_bytes(address))


def shown_name(name: bytes) -> str:
    """Return what people call a socket: its path, or @ and the abstract name."""
    return f"@{to_text(name[1:])}" if name.startswith(b"\0") else to_text(name)


def _escaped(text: str) -> str:
    return _SEPARATORS.sub(lambda found: ESCAPES[found[0]], text)

"""The host name that a request of HTTP/1 asks for, in its header Host (RFC 9112 3.2). Nothing else of it is kept."""

import re

from collectors.http_filter import METHODS
from collectors.protocols.tls import host_name

# A request to a proxy has no path, and is not for its peer.
_TOKENS = tuple(f"{method} /".encode() for method in METHODS)
_LINE_ENDS = b" HTTP/1.1\r\n", b" HTTP/1.0\r\n"
_HOST = re.compile(rb"\r\nhost:([^\r\n]*)(?=\r\n)", re.IGNORECASE).finditer
_PORT = re.compile(r":\d{0,5}$")
_END = b"\r\n\r\n"


def host_of(payload: bytes) -> str:
    """Return the host name that a segment which begins with a request asks for; "" if it has none, or not one alone.

    An address is no name. A name has a dot, or it means something to its client alone.
    """
    if not payload.startswith(_TOKENS):
        return ""
    head, whole, _ = payload.partition(_END)
    head += b"\r\n" if whole else b""  # else the last line may be cut
    line = head.find(b"\r\n")
    if head[line - len(_LINE_ENDS[0]) + 2 : line + 2] not in _LINE_ENDS:
        return ""
    found = [one[1].strip(b" \t") for one in _HOST(head, line)]
    if len(found) != 1 or not found[0].isascii():
        return ""
    name = host_name(_PORT.sub("", found[0].decode()).encode()).rstrip(".")
    return name if "." in name and not name.rpartition(".")[2].isdigit() else ""

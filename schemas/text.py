"""Bytes of the kernel and of files as text, and back: the one way by which names that others chose come in.

A file, a program, an interface, a host or a control group may be named with nearly any bytes, so none of these names is
taken for UTF-8. `to_text` keeps what is printable UTF-8 and writes every other byte as `\\xHH`, in lower case: bytes
that are no UTF-8, control characters and line ends, characters without a shape of their own (spaces other than U+0020,
marks of direction, joiners), and those that Unicode does not assign. A backslash that would be read as the beginning of
such an escape is written as `\\x5c`. The result is one line, can be encoded always, does nothing to a terminal, and
`to_bytes` gives the very bytes back: no two names are written alike.
"""

import re
from typing import Any

_ESCAPE = re.compile(rb"\\x([0-9a-f]{2})")
_WRITTEN = re.compile(r"\\x[0-9a-f]{2}")
_MISREAD = re.compile(r"\\(?=x[0-9a-f]{2})")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet runs cells that begin like this
_LENGTH = len(r"\x00")


def to_text(raw: bytes) -> str:
    """Return bytes as text."""
    text = raw.decode("utf-8", "surrogateescape")
    return shown(_MISREAD.sub(r"\\x5c", text) if "\\x" in text else text)


def to_bytes(text: str) -> bytes:
    """Return the bytes that `to_text` made the text of."""
    return _ESCAPE.sub(lambda escape: bytes([int(escape[1], 16)]), text.encode())


def shown(text: str) -> str:
    """Return a text of any origin, with the escapes of `to_text` for what is not printable.

    Backslashes stay, so that a text that was shown, or that `to_text` has made, stays as it is.
    """
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else _escaped(letter) for letter in text)


def cell(value: Any) -> Any:
    """Return a value for a spreadsheet, in which a text is never a formula: names come from hosts."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def cut(text: str, limit: int) -> str:
    """Return at most so many of the first characters of a text, and no part of an escape."""
    for start in range(max(limit - _LENGTH + 1, 0), limit):
        if _WRITTEN.match(text, start):
            return text[:start]
    return text[: max(limit, 0)]


def _escaped(letter: str) -> str:
    one = ord(letter)
    raw = bytes([one - 0xDC00]) if 0xDC80 <= one <= 0xDCFF else letter.encode("utf-8", "surrogatepass")
    return "".join(f"\\x{byte:02x}" for byte in raw)

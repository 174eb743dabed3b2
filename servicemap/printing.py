"""What is printed: exact JSON that does nothing to a terminal, sizes, and results of the store, printable for one."""

import codecs
import re
from typing import Any, Protocol

import click
import msgspec

from schemas.text import shown

_WORD = re.compile(r"[^\n\t]+")


def print_json(value: Any, *, pretty: bool = False) -> None:
    """Print a value as JSON: a line, or indented."""
    text = json_text(value)
    click.echo(msgspec.json.format(text.encode()).decode() if pretty else text)


def json_text(value: Any) -> str:
    """Return a value as JSON in which every character that is not printable is escaped: the value stays exact."""
    text = msgspec.json.encode(value).decode()
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else _escaped(letter) for letter in text)


def bytes_text(count: int) -> str:
    """Return a number of bytes in the unit that suits it."""
    size = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"


def _escaped(letter: str) -> str:
    pairs = letter.encode("utf-16-be").hex()
    return "".join(f"\\u{pairs[at : at + 4]}" for at in range(0, len(pairs), 4))


class Out(Protocol):
    """What a result is written to, as it comes."""

    def write(self, piece: bytes, /) -> object:
        """Take a piece."""
        ...

    def flush(self) -> None:
        """Take the end."""
        ...


class Printable:
    """Writes text in pieces of bytes for a terminal, which obeys control characters: they become escapes."""

    def __init__(self, out: Out) -> None:
        self._out = out
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")

    def write(self, piece: bytes) -> None:
        """Write a piece; a letter may be cut in two."""
        self._write(self._decoder.decode(piece))

    def flush(self) -> None:
        """Write what is left of a letter."""
        self._write(self._decoder.decode(b"", final=True))
        self._out.flush()

    def _write(self, text: str) -> None:
        self._out.write(_WORD.sub(lambda word: shown(word[0]), text).encode())

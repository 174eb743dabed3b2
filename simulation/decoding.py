"""Bytes of a file as records of a type; what is wrong becomes one sentence with its line or its field."""

import re
import tomllib
from typing import Any, TypeVar

import msgspec

from simulation.mistakes import Mistake

MOST_BYTES = 64 << 20
_BYTE = re.compile(r" \(byte (\d+)\)")
_AT = re.compile(r" - at `(?:key in )?\$\.?(.*)`$")
TOO_DEEP = "it is nested too deeply to be a system; give a flatter one"
_MISSING = "Object missing required field"
_QUOTED = re.compile(r"`([a-z]+(?: \| [a-z]+)*)`")
_WORDS = {  # of msgspec, and for people
    "null": "nothing",
    "array": "a list",
    "object": "a table",
    "int": "a whole number",
    "float": "a number",
    "str": "a text",
    "bool": "true or false",
}
T = TypeVar("T")


def decoded(kind: type[T], data: bytes, name: str) -> T:
    """Return JSON as a record of a type; Mistake names the file, and the line or the field."""
    try:
        return msgspec.json.decode(text(data, name), type=kind)
    except msgspec.ValidationError as error:
        raise Mistake(f"{name}: {of_field(error)}") from None
    except msgspec.DecodeError as error:
        raise Mistake(f"{name}: {_of_line(str(error), data)}") from None
    except RecursionError:
        raise Mistake(f"{name}: {TOO_DEEP}") from None


def toml_tables(data: bytes, name: str) -> Any:
    """Return TOML as tables; Mistake names the file and the line."""
    try:
        return tomllib.loads(text(data, name))
    except tomllib.TOMLDecodeError as error:
        raise Mistake(f"{name} is not TOML: {error}; correct it there") from None
    except RecursionError:
        raise Mistake(f"{name}: {TOO_DEEP}") from None


def text(data: bytes, name: str) -> str:
    """Return the text of a file; Mistake when it is none, or too long."""
    if len(data) > MOST_BYTES:
        raise Mistake(f"{name} has {len(data):,} bytes, and {MOST_BYTES:,} is the most; give a smaller file")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Mistake(f"{name} is not text: line {line} is not UTF-8; save it as UTF-8") from None


def of_field(error: msgspec.ValidationError) -> str:
    """Return what msgspec says of a field, with the field in front: services[3].count: Expected `int`, got `str`."""
    reason = str(error)
    found = _AT.search(reason)
    what = reason[: found.start()] if found else reason
    return f"{found[1]}: {_plain(what)}" if found and found[1] else _plain(what)


def _plain(reason: str) -> str:
    reason = _QUOTED.sub(lambda quoted: " or ".join(_WORDS.get(each, each) for each in quoted[1].split(" | ")), reason)
    if reason.startswith(_MISSING):
        return f"{reason.replace(_MISSING, 'there is no')}; give one"
    return reason[:1].lower() + reason[1:]


def _of_line(reason: str, data: bytes) -> str:
    found = _BYTE.search(reason)
    end = int(found[1]) if found else len(data)
    line = data.count(b"\n", 0, end) + 1
    if "truncated" in reason:
        return f"it ends in line {line}, too early to be JSON; is it whole?"
    return f"it is not JSON: line {line}: {_BYTE.sub('', reason).removeprefix('JSON is malformed: ')}; correct it there"

"""Records to bytes and back: JSON, one decoder a topic, and one error for everything a reader must not trust."""

from functools import cache
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import fields, force_setattr

from schemas.columns import Columns
from schemas.graph import Derived, EdgeBatch, SideBatch
from schemas.raw import Batch
from schemas.salvage import salvaged
from schemas.times import DAY_MS, HOUR_MS
from schemas.topics import BY_NAME, Topic

MAX_AHEAD_MS = HOUR_MS
MAX_BEHIND_MS = 15 * DAY_MS  # longer than any window is kept
_ENCODER = msgspec.json.Encoder()


class BadRecord(ValueError):
    """A record that cannot be used, with the reason as its message."""


def encode(record: Struct) -> bytes:
    """Return a record as JSON; columns that hold nothing but blanks are left out."""
    values = ((name, getattr(record, name)) for name in record.__struct_fields__)
    return _ENCODER.encode({name: value.wire() if isinstance(value, Columns) else value for name, value in values})


def decode(topic: str, value: bytes | None, logged: int | None = None, left_out: list[str] | None = None) -> Any:
    """Return the record that a topic's message holds; BadRecord states why it holds none.

    Given a list `left_out`, only those rows of a raw record are left out that cannot be used, and what is wrong with
    each goes into it. `logged` is when the log took the message, ms: a window that ends long after that, or began
    longer before than any is kept, is a clock gone wrong.
    """
    declared = BY_NAME[topic]
    if not value:
        raise BadRecord("the record is empty")
    if len(value) > declared.max_bytes:
        raise BadRecord(f"{len(value)} bytes, more than the {declared.max_bytes} a record may have")
    try:
        record = _decoder(declared).decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, OverflowError) as error:
        record = _salvaged(declared, value, error, left_out)
    return _checked(declared, record, logged)


def _salvaged(topic: Topic, value: bytes, error: Exception, left_out: list[str] | None) -> Any:
    """Return what can be used of a raw record. Rows of a derived one point to each other: it stands or falls whole."""
    reason = _reason(topic, value, error)
    if left_out is None or not issubclass(topic.record, Batch) or not isinstance(error, msgspec.ValidationError):
        raise BadRecord(reason)
    try:
        record, wrong = salvaged(topic.record, value)
    except (msgspec.DecodeError, RecursionError, ValueError):
        raise BadRecord(reason) from None
    if not wrong:
        raise BadRecord(reason)
    left_out += wrong
    return record


@cache
def _decoder(topic: Topic) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(topic.record)


@cache
def known_version(topic: Topic) -> int:
    """Return the newest schema version of a topic that this code reads."""
    return int(next(field.default for field in fields(topic.record) if field.name == "v"))


def _checked(topic: Topic, record: Any, logged: int | None) -> Any:
    known = known_version(topic)
    if record.v > known:
        raise BadRecord(f"schema version {record.v} is newer than {known}: upgrade this reader")
    if isinstance(record, Batch) and record.window % record.width:
        raise BadRecord(f"window {record.window} is not on the grid of {record.width} ms")
    if isinstance(record, Batch) and logged is not None and record.window + record.width > logged + MAX_AHEAD_MS:
        ahead = (record.window + record.width - logged) // 1000
        raise BadRecord(f"its window ends {ahead} s after it was logged: set the clock of {record.host_id}")
    if isinstance(record, Batch) and logged is not None and record.window < logged - MAX_BEHIND_MS:
        behind = (logged - record.window) // DAY_MS
        raise BadRecord(f"its window began {behind} days before it was logged: set the clock of {record.host_id}")
    if isinstance(record, SideBatch):
        _align(record, "ends", len(record.sides))
    if isinstance(record, EdgeBatch):
        _align(record, "a", len(record.edges))
        _align(record, "b", len(record.edges))
    return record


def _align(record: Derived, name: str, count: int) -> None:
    """Give back the rows of a column set that was left out because it was blank."""
    columns = getattr(record, name)
    if not len(columns):
        force_setattr(record, name, type(columns).blank(count))
    elif len(columns) != count:
        raise BadRecord(f"{name!r} has {len(columns)} rows, not {count}")


def _reason(topic: Topic, value: bytes, error: Exception) -> str:
    """Prefer the version over the symptom: a newer schema may well not fit the older decoder."""
    try:
        version = msgspec.json.decode(value, type=Derived).v
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return f"not a record of {topic.name}: {error}"
    if version > known_version(topic):
        return f"schema version {version} is newer than {known_version(topic)}: upgrade this reader"
    return f"not a record of {topic.name}: {error}"

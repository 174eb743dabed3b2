"""A window of many rows as several records: no record beyond the rows and bytes that a topic allows."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from schemas.codec import encode
from schemas.columns import Columns
from schemas.raw import Batch
from schemas.topics import Topic

# What msgspec raises for a value that JSON cannot hold: of another type, text with surrogates, a number without end.
NOT_ENCODABLE = (TypeError, ValueError, OverflowError)


def encoded_parts(topic: Topic, batch: Batch, rows: int, first: int = 0) -> list[bytes]:
    """Return a batch as records of at most so many rows; none when it could have rows, has none and is no keyframe.

    They are numbered from `first` on.
    """
    total = _rows(batch)
    if not total and not batch.keyframe and _columns(batch):
        return []
    count = max(-(-total // rows), 1)
    parts = [batch] if count == 1 and not first else [_part(batch, number, rows, first) for number in range(count)]
    values = [encode(part) for part in parts]
    if rows > 1 and any(len(value) > topic.max_bytes for value in values):
        return encoded_parts(topic, batch, rows // 2, first)
    return values


def without_bad_rows(batch: Batch) -> tuple[Batch, int]:
    """Return a batch without the rows that cannot be encoded, and how many they are."""
    kept = {
        name: _cut(value, [at for at, row in enumerate(_listed(value)) if _can_be_encoded(row)])
        for name, value in _columns(batch).items()
    }
    left = msgspec.structs.replace(batch, **kept)
    return left, sum(len(value) - len(kept[name]) for name, value in _columns(batch).items())


def _listed(value: Columns | list[int]) -> Iterable[object]:
    return value.rows() if isinstance(value, Columns) else value


def _can_be_encoded(row: object) -> bool:
    try:
        msgspec.json.encode(row)
    except NOT_ENCODABLE:
        return False
    return True


def _rows(batch: Batch) -> int:
    return max((len(value) for value in _columns(batch).values()), default=0)


def _columns(batch: Batch) -> dict[str, Columns | list[int]]:
    values = ((name, getattr(batch, name)) for name in batch.__struct_fields__)
    return {name: value for name, value in values if isinstance(value, Columns | list)}


def _part(batch: Batch, number: int, rows: int, first: int) -> Batch:
    chosen = range(number * rows, (number + 1) * rows)
    cut = {name: _cut(value, chosen) for name, value in _columns(batch).items()}
    return msgspec.structs.replace(batch, part=first + number, **cut)


def _cut(value: Columns | list[int], chosen: Sequence[int]) -> Columns | list[int]:
    if isinstance(value, list):
        return _picked(value, chosen)
    return type(value)(**{name: _picked(getattr(value, name), chosen) for name in value.__struct_fields__})


def _picked(column: list[Any], chosen: Sequence[int]) -> list[Any]:
    return column[chosen.start : chosen.stop] if isinstance(chosen, range) else [column[at] for at in chosen]

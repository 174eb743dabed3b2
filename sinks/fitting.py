"""Which rows of a record a table can hold. The others are left out, so that one bad row costs that row alone.

A driver that is given a number out of its column's range, or ClickHouse given more hours than it takes at once, refuses
all rows that come along; and a time that is nobody's would be told of by roll-ups, and kept, for ever.
"""

from collections.abc import Iterator, Mapping, Sequence
from reprlib import repr as short
from typing import Any, NamedTuple

from schemas.codec import MAX_BEHIND_MS
from schemas.topics import DAY_MS, HOUR_MS

Columns = dict[str, list[Any]]
MOST_HOURS = 48  # that one record tells of; each is a partition of the table
MAX_AHEAD_MS = 366 * DAY_MS  # the folds refuse what a host says of the next hours; this is against nonsense
_LAST_MS = 10_413_791_999_999  # DateTime64(3) ends with the year 2299
_FLOAT = 3.4e38


class Kind(NamedTuple):
    """A type of the store with the values that it takes here, ends included; None for no bounds."""

    sql: str
    low: float | None = None
    high: float | None = None

    def holds(self, value: Any) -> bool:
        """Say whether a value fits."""
        return value is not None and (self.low is None or self.high is None or self.low <= value <= self.high)


TEXT, BOOL, TEXTS = Kind("String"), Kind("UInt8"), Kind("Array(String)")
U8, U16, U32, U64 = (Kind(f"UInt{bits}", 0, 2**bits - 1) for bits in (8, 16, 32, 64))
I32 = Kind("Int32", -(2**31), 2**31 - 1)
F32 = Kind("Float32", -_FLOAT, _FLOAT)
TIME = Kind("DateTime64(3)", 0, _LAST_MS)
WHEN = TIME._replace(low=-1)  # a time that partitions: it is about when the log took the record, see `misfits`
MAPS = {"Map(String, String)": (TEXT, TEXT), "Map(String, UInt64)": (TEXT, U64), "Map(UInt16, UInt64)": (U16, U64)}
TEXT_MAP, COUNT_MAP, SKETCH = (Kind(sql) for sql in MAPS)


def misfits(kinds: Mapping[str, Kind], columns: Columns, logged: int) -> dict[int, str]:
    """Return the rows that do not fit, each with the first reason. Columns are as long as each other."""
    found: dict[int, str] = {}
    for name, kind in kinds.items():
        values = columns[name]
        if kind is WHEN:
            around = kind._replace(low=max(0, logged - MAX_BEHIND_MS), high=logged + MAX_AHEAD_MS)
            rows, what = _outside(around, values), "is too far from when it was logged"
        elif kind.sql in MAPS:
            rows, what = _unmapped(MAPS[kind.sql], values), f"is no {kind.sql}"
        elif kind is BOOL or kind is TEXTS:
            continue
        else:
            rows, what = _outside(kind, values), f"is no {kind.sql}"
        for row in rows:
            found.setdefault(row, f"{name} {'of nobody' if values[row] is None else short(values[row])} {what}")
    return found


def too_many_hours(times: Sequence[int]) -> bool:
    """Say whether times are of more hours than one record may tell of."""
    return bool(times) and max(times) - min(times) >= MOST_HOURS * HOUR_MS and len(hours(times)) > MOST_HOURS


def hours(times: Sequence[int]) -> set[int]:
    """Return the hours that times are of."""
    return {at // HOUR_MS for at in set(times)}


def without(columns: Columns, rows: Mapping[int, str]) -> Columns:
    """Return columns without some of their rows."""
    return {name: [value for row, value in enumerate(values) if row not in rows] for name, values in columns.items()}


def _outside(kind: Kind, values: Sequence[Any]) -> Iterator[int]:
    low, high = kind.low, kind.high
    if low is None or high is None:
        if None not in values:
            return iter(())
    elif not values or (low <= min(values) and max(values) <= high):
        return iter(())
    return (row for row, value in enumerate(values) if not kind.holds(value))


def _unmapped(kinds: tuple[Kind, Kind], values: Sequence[Mapping[Any, Any]]) -> Iterator[int]:
    key, value = kinds
    for row, held in enumerate(values):
        if not (all(map(key.holds, held)) and all(map(value.holds, held.values()))):
            yield row

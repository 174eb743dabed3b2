"""Which rows of a record a table can hold. The others are left out, so that one bad row costs that row alone.

A driver that is given a number out of its column's range, or ClickHouse given more hours than it takes at once, refuses
all rows that come along; and a time that is nobody's would be rolled up, and kept, for ever.
"""

from collections.abc import Container, Iterator, Mapping, Sequence
from reprlib import repr as short
from typing import Any

from schemas.codec import MAX_BEHIND_MS
from schemas.kinds import BOOL, MAPS, TEXTS, WHEN, Kind
from schemas.times import DAY_MS, HOUR_MS

Values = dict[str, list[Any]]
MOST_HOURS = 48  # in one record; each is a partition of the table
MAX_AHEAD_MS = 366 * DAY_MS  # the folds refuse what a host reports for the next hours; this is against nonsense


def misfits(kinds: Mapping[str, Kind], columns: Values, logged: int) -> dict[int, str]:
    """Return the rows that do not fit, each with the first reason. Values are as long as each other."""
    found: dict[int, str] = {}
    for name, kind in kinds.items():
        values = columns[name]
        if kind is WHEN:
            around = kind._replace(low=max(0, logged - MAX_BEHIND_MS), high=logged + MAX_AHEAD_MS)
            rows, what = _outside(around, values), "is too far from when it was logged"
        elif kind in MAPS:
            rows, what = _unmapped(MAPS[kind], values), f"is no {kind.sql}"
        elif kind is BOOL or kind is TEXTS:
            continue
        else:
            rows, what = _outside(kind, values), f"is no {kind.sql}"
        for row in rows:
            found.setdefault(row, f"{name} {'of nobody' if values[row] is None else short(values[row])} {what}")
    return found


def too_many_hours(times: Sequence[int]) -> bool:
    """Return whether times are of more hours than one record may hold."""
    return bool(times) and max(times) - min(times) >= MOST_HOURS * HOUR_MS and len(hours(times)) > MOST_HOURS


def hours(times: Sequence[int]) -> set[int]:
    """Return the hours that times are of."""
    return {at // HOUR_MS for at in set(times)}


def without(columns: Values, rows: Container[int]) -> Values:
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

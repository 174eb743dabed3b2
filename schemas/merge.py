"""The merge declared for every column, and the one `merge` that follows the declarations.

Two rows of one key may reach the store from two hosts, twice, or in any order. Every merge here is therefore
commutative, associative and idempotent: the stored row is the join of all that was ever said about its key.
"""

from collections.abc import Iterable
from enum import StrEnum
from functools import cache
from typing import Any

from msgspec import Meta
from msgspec.inspect import Metadata, StructType, type_info

Row = tuple[Any, ...]


class Merge(StrEnum):
    """How two values of one column become one."""

    KEY = "key"  # part of the identity; equal in both rows
    MAX = "max"  # the greater; the empty string and zero mean "not known" and lose
    EACH = "each"  # name by name the greater count; a name that one row lacks counts 0 there
    BITS = "bits"  # every bit that one of them has
    LAST = "last"  # from the row whose TIME column is later; the greater on a tie
    TIME = "time"  # the event time that LAST compares; itself the greater


def says(description: str, merge: Merge) -> Meta:
    """Return the annotation of a column: what it holds (units included) and how it merges."""
    return Meta(description=description, extra={"merge": merge})


@cache
def merges(columns: type) -> dict[str, Merge]:
    """Return every column of a record with its declared merge, in order; KeyError when one is missing."""
    info = type_info(columns)
    assert isinstance(info, StructType)
    declared = {}
    for field in info.fields:
        if not isinstance(field.type, Metadata) or "merge" not in (field.type.extra or {}):
            raise KeyError(f"{columns.__name__}.{field.name} declares no merge")
        declared[field.name] = Merge((field.type.extra or {})["merge"])
    return declared


def merge(columns: type, one: Row, other: Row) -> Row:
    """Merge two rows of one key, given as tuples in column order."""
    return _join(tuple(merges(columns).values()), one, other)


def merge_all(columns: type, rows: Iterable[Row]) -> dict[Row, Row]:
    """Merge any number of rows into one a key."""
    declared = tuple(merges(columns).values())
    at = [i for i, kind in enumerate(declared) if kind is Merge.KEY]
    merged: dict[Row, Row] = {}
    for row in rows:
        key = tuple(row[i] for i in at)
        held = merged.get(key)
        merged[key] = row if held is None else _join(declared, held, row)
    return merged


def _join(declared: tuple[Merge, ...], one: Row, other: Row) -> Row:
    if one == other:
        return one
    later = max(one, other, key=lambda row: _recency(declared, row))
    return tuple(
        value if value == row2 else _value(kind, value, row2, latest)
        for kind, value, row2, latest in zip(declared, one, other, later, strict=True)
    )


def _recency(declared: tuple[Merge, ...], row: Row) -> Row:
    """Order rows by their TIME columns, then by their LAST ones: a total order, so ties merge the same way round."""
    times = tuple(v for kind, v in zip(declared, row, strict=True) if kind is Merge.TIME)
    return times, tuple(v for kind, v in zip(declared, row, strict=True) if kind is Merge.LAST)


def _value(kind: Merge, one: Any, other: Any, latest: Any) -> Any:
    match kind:
        case Merge.MAX | Merge.TIME:
            return max(one, other)
        case Merge.BITS:
            return one | other
        case Merge.EACH:
            return {name: max(one.get(name, 0), other.get(name, 0)) for name in sorted({*one, *other})}
        case Merge.LAST:
            return latest
        case Merge.KEY:
            raise ValueError(f"rows of two keys do not merge: {one!r}, {other!r}")

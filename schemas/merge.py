"""The merge declared for every column, and the one `merge` that follows the declarations.

Two rows of one key may reach the store from two hosts, twice, or in any order. Every merge here is therefore
commutative, associative and idempotent: the stored row is the join of all that was ever emitted about its key.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any

from schemas.facts import Merge, facts

Row = tuple[Any, ...]


@cache
def merges(columns: type) -> dict[str, Merge]:
    """Return every column of a record with its merge, in order."""
    return {name: fact.merge for name, fact in facts(columns).items()}


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
        value if value == row2 else joined(kind, value, row2, latest)
        for kind, value, row2, latest in zip(declared, one, other, later, strict=True)
    )


def _recency(declared: tuple[Merge, ...], row: Row) -> Row:
    """Order rows by their TIME columns, then by their LAST ones: a total order, so ties merge the same way round."""
    times = tuple(v for kind, v in zip(declared, row, strict=True) if kind is Merge.TIME)
    return times, tuple(v for kind, v in zip(declared, row, strict=True) if kind is Merge.LAST)


def joined(kind: Merge, one: Any, other: Any, latest: Any = None) -> Any:
    """Merge two values of a column; `latest` is the value of the later row."""
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

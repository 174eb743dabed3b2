"""The range of a replay: [start, end) in ms, and which rows belong to it.

A row belongs by its table's own time column. Rows live in hourly partitions of their *key's* time; for `nodes`, whose
time (`seen`) is no part of the key, the row that stands is the latest of its hour, so the whole hour is folded
anew to find whether that row is in the range.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from schemas.times import HOUR_MS
from sinks.table import Table
from sinks.tables import TABLES

# The first come from no fold, and a row of the others is of a whole hour, minute by minute.
_NOT_REPLAYED = {"hosts", "links", "annotations", "overlay_schemas", "places", "node_facts", "address_names"}
REPLAYED = tuple(table for table in TABLES if table.name not in _NOT_REPLAYED)


class Span(NamedTuple):
    """A range of event time, ms."""

    start: int
    end: int

    @classmethod
    def widened(cls, start: int, end: int, width: int) -> "Span":
        """Return the range with its ends on the borders of windows."""
        return cls(start // width * width, -(-end // width) * width)

    def touches(self, partition: str) -> bool:
        """Return whether an hourly partition (its id is the hour's start in seconds) may hold rows of the range."""
        return self.start // HOUR_MS * HOUR_MS <= int(partition) * 1000 < self.end

    def where(self, table: Table) -> str:
        """Return the SQL condition for a row of the range."""
        low, high = (f"fromUnixTimestamp64Milli({ms}, 'UTC')" for ms in self)
        return f"({table.time} >= {low} AND {table.time} < {high})"

    def holds(self, time: int) -> bool:
        """Return whether a time is in the range."""
        return self.start <= time < self.end


def folded(table: Table, name: str, span: Span) -> Table:
    """Return the table under another name, taking what may decide which rows of the range stand."""
    end = span.end if table.name != "nodes" else -(-span.end // HOUR_MS) * HOUR_MS
    return _filtered(table, name, lambda time: span.start <= time < end)


def outside(table: Table, name: str, span: Span) -> Table:
    """Return the table under another name, taking only rows outside the range."""
    return _filtered(table, name, lambda time: not span.holds(time))


def inside(table: Table, name: str, span: Span) -> Table:
    """Return the table under another name, taking only rows of the range."""
    return _filtered(table, name, span.holds)


def _filtered(table: Table, name: str, keeps: Callable[[int], bool]) -> Table:
    def fill(batch: Any) -> dict[str, list[Any]]:
        columns = table.fill(batch)
        times = columns[table.time]
        kept = [row for row, time in enumerate(times) if keeps(time)]
        if len(kept) == len(times):
            return columns
        return {column: [values[row] for row in kept] for column, values in columns.items()}

    return table._replace(name=name, fill=fill)

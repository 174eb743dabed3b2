"""What a minute, an hour and a day of edges, and of the requests on them, are made of: the tables of the roll-ups."""

from collections.abc import Sequence
from typing import NamedTuple

from graph import asked
from graph.columns import COLUMNS, KEY, EdgeColumn
from graph.sql import select
from schemas.facts import Roll
from schemas.kinds import BITS, BOOL, TIME
from schemas.times import DAY_MS, HOUR_MS, MINUTE_MS
from sinks.table import Column, Kept, Table

_REQUESTS = (*(column for column in COLUMNS if column.roll is None), *asked.WHO_COLUMNS, asked.SAMPLING, *asked.COUNTS)
_VERSION = Column("version", BITS, "when it was rolled up; the latest one stands")
_GONE = Column("gone", BOOL, "the edge is not there any more in the latest one; FINAL leaves it out")
_UNITS = {"minute": ("Day", 30), "hour": ("Month", 400), "day": ("Month", 1_100)}


class Level(NamedTuple):
    """A roll-up: its table, its column of time and what that is a start of, and the rows it is made of.

    `below` is the table that has rows where there is anything to roll up.
    """

    table: Table
    unit: str
    start: str
    width: int
    source: str
    time: str
    below: str
    facts: Sequence[EdgeColumn]

    @property
    def name(self) -> str:
        """Return the name of its table."""
        return self.table.name

    @property
    def columns(self) -> list[str]:
        """Return the columns that `of` gives."""
        return [self.unit, *(column.name for column in self.facts)]

    def of(self, low: int, high: int) -> str:
        """Return the SELECT that rolls up [low, high), ms; its columns are `columns`."""
        latest, earliest = (self.time, self.time) if self.time == "window" else ("last", "first")
        columns = {self.unit: f"{self.start}(row.{self.time})"}
        for column in self.facts:
            match column.name:
                case "first":
                    columns["first"] = f"min(row.{earliest})"
                case "last":
                    columns["last"] = f"max(row.{latest})"
                case _ if column.roll is Roll.LATEST:  # of one edge there is one row at a time here
                    columns[column.name] = f"argMax(row.{column.name}, row.{latest})"
                case _:
                    columns[column.name] = column.rolled("row", latest)
        group = (columns[self.unit], *(f"row.{name}" for name in KEY))
        return select(columns, self.source, where=between(f"row.{self.time}", low, high), group=group)


def between(column: str, low: int, high: int) -> str:
    """Return the SQL condition for a time in [low, high), ms."""
    return (
        f"({column} >= fromUnixTimestamp64Milli({low}, 'UTC') AND {column} < fromUnixTimestamp64Milli({high}, 'UTC'))"
    )


def _table(name: str, unit: str, facts: Sequence[EdgeColumn]) -> Table:
    part, days = _UNITS[unit]
    stored = (Column(one.name, one.kind, one.meaning) for one in facts)
    return Table(
        name,
        (Column(unit, TIME, f"start of the {unit}"), *stored, _VERSION, _GONE),
        key=(unit, *KEY),
        engine="ReplacingMergeTree(version, gone)",
        kept=Kept(unit, part, days),
    )


def _minutes(name: str, source: str, below: str, facts: Sequence[EdgeColumn]) -> Level:
    table = _table(name, "minute", facts)
    return Level(table, "minute", "toStartOfMinute", MINUTE_MS, f"{source} AS row", "window", below, facts)


def _above(below: Level, name: str, unit: str, start: str, width: int) -> Level:
    table, source = _table(name, unit, below.facts), f"{below.name} AS row FINAL"
    return Level(table, unit, start, width, source, below.unit, below.name, below.facts)


def _hours(name: str, below: Level) -> Level:
    return _above(below, name, "hour", "toStartOfHour", HOUR_MS)


def _days(name: str, below: Level) -> Level:
    return _above(below, name, "day", "toStartOfDay", DAY_MS)


MINUTES = _minutes("edges_1m", "process_edges", "edges", COLUMNS)
HOURS = _hours("edges_1h", MINUTES)
DAYS = _days("edges_1d", HOURS)
REQUEST_MINUTES = _minutes("requests_1m", "process_requests", "requests", _REQUESTS)
REQUEST_HOURS = _hours("requests_1h", REQUEST_MINUTES)
REQUEST_DAYS = _days("requests_1d", REQUEST_HOURS)
LEVELS = (
    REQUEST_MINUTES,
    REQUEST_HOURS,
    REQUEST_DAYS,
    MINUTES,
    HOURS,
    DAYS,
)  # in the order in which they are rolled up

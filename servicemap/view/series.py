"""Rows of a query as time series: a point for every step; a rate is 0 where nothing was seen, and the rest unknown."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from servicemap.view.rows import Row, Span

POINTS = 120


class Line(NamedTuple):
    """A series: the column of a row that tells it, its unit, and how the column becomes its value.

    A `rate` is divided by the seconds of its step, and is 0 where nothing was seen, unless it is `heard` of a host or
    process in every window; anything else is unknown there.
    """

    column: int
    name: str
    unit: str
    scale: float = 1.0
    rate: bool = False
    heard: bool = False


def told(lines: Sequence[Line], rows: Sequence[Row], over: Span) -> dict[str, dict[str, Any]]:
    """Return the series by name, as /api/node tells them; the first column of a row says when its step begins."""
    by_time = {row[0]: row for row in rows}

    def points(line: Line) -> list[list[float | None]]:
        return [[at, _value(line, by_time.get(at), seconds)] for at, seconds in over.times()]

    return {line.name: {"unit": line.unit, "points": points(line)} for line in lines}


def _value(line: Line, row: Row | None, seconds: float) -> float | None:
    if not seconds:
        return None  # not yet
    if row is None:
        return 0.0 if line.rate and not line.heard else None
    value = row[line.column]
    if value is None or math.isnan(value):  # a mean of nothing
        return None
    value = float(value) * line.scale
    return value / seconds if line.rate else value

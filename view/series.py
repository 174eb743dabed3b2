"""Rows of a query as time series: a point for every step, and none where nothing was recorded."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from graph.recorded import Cells
from view.rows import Row, Span

POINTS = 120


class Line(NamedTuple):
    """A series: the column of a row that tells it, its unit, and how the column becomes its value.

    A `rate` is divided by the seconds of its step that were recorded, and is 0 where nothing was seen in them, unless
    it is `heard` of a host or process in every window; anything else is unknown there.
    """

    column: int
    name: str
    unit: str
    scale: float = 1.0
    rate: bool = False
    heard: bool = False


def told(lines: Sequence[Line], rows: Sequence[Row], over: Span, cells: Cells) -> dict[str, dict[str, Any]]:
    """Return the series by name, as /api/node tells them; the first column of a row says when its step begins.

    `cells` tell how much of each step was recorded by those who see what is told.
    """
    by_time = {row[0]: row for row in rows}
    times = [(at, recorded(at, most, at in by_time, cells)) for at, most in over.times()]

    def points(line: Line) -> list[list[float | None]]:
        return [[at, _value(line, by_time.get(at), seconds)] for at, seconds in times]

    return {line.name: {"unit": line.unit, "points": points(line)} for line in lines}


def recorded(at: int, most: float, seen: bool, cells: Cells) -> float:
    """Return how many seconds of a step were recorded; all there may be of one of which nothing but rows say so."""
    return cells.get(at, 0) / 1000 or (most if seen else 0.0)


def _value(line: Line, row: Row | None, seconds: float) -> float | None:
    if not seconds:
        return None  # nobody looked
    if row is None:
        return 0.0 if line.rate and not line.heard else None
    value = row[line.column]
    if value is None or math.isnan(value):  # a mean of nothing
        return None
    value = float(value) * line.scale
    return value / seconds if line.rate else value

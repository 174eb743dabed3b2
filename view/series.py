"""Time series made of rows: a point for every step, empty where nothing was recorded."""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from graph.recorded import Cells
from view.rows import Span

POINTS = 120


class Point(Protocol):
    """A row of a query with a row for each step; `point` is the start of the step, ms."""

    @property
    def point(self) -> int:
        """Return the start of the step, ms."""


class Line(NamedTuple):
    """A series: its name, the chart that it is in, its unit, and how a value of a row becomes one of the series.

    `called` is its name in the chart. The value is the column of its name, or what `value` returns of a row. A `rate`
    is divided by the recorded seconds of its step. Where there is no row it is 0, because nothing happened, unless it
    is `steady`: such a row exists for every window that was recorded, so a missing one means not known. A `rare` line
    is not shown while all its values are 0.
    """

    name: str
    chart: str
    unit: str
    called: str = ""
    scale: float = 1.0
    rate: bool = False
    steady: bool = False
    rare: bool = False
    value: Callable[[Any], float | None] | None = None


def series(lines: Sequence[Line], rows: Sequence[Point], over: Span, cells: Cells) -> dict[str, dict[str, Any]]:
    """Return the series by name, as /api/node has them. `cells` are how much of each step was recorded."""
    by_time = {row.point: row for row in rows}
    times = [(at, recorded(at, most, at in by_time, cells)) for at, most in over.times()]

    def points(line: Line) -> list[list[float | None]]:
        return [[at, _value(line, by_time.get(at), seconds)] for at, seconds in times]

    return {
        line.name: {
            "chart": line.chart,
            "called": line.called,
            "unit": line.unit,
            "rare": line.rare,
            "points": points(line),
        }
        for line in lines
    }


def recorded(at: int, most: float, seen: bool, cells: Cells) -> float:
    """Return how many seconds of a step were recorded. A step with rows but without a cell counts in full."""
    return cells.get(at, 0) / 1000 or (most if seen else 0.0)


def _value(line: Line, row: Point | None, seconds: float) -> float | None:
    if not seconds:
        return None
    if row is None:
        return 0.0 if line.rate and not line.steady else None
    value = getattr(row, line.name) if line.value is None else line.value(row)
    if value is None or math.isnan(value):  # the mean of no values
        return None
    value = float(value) * line.scale
    return value / seconds if line.rate else value

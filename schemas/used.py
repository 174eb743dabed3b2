"""How a fact of what hosts and processes use is declared: its meaning, its type in the store, how it is shown.

A new one is declared in schemas/raw.py and read by a collector. Tables, series, the charts of the live view and of
Grafana, and the reference pages have it then.
"""

from enum import StrEnum
from functools import cache
from typing import NamedTuple

from msgspec import Meta

from schemas.facts import Merge, Unit, annotated, fact, kind_of
from schemas.kinds import Kind


class Over(StrEnum):
    """How the values of several processes, and those of several windows, become one."""

    SUM = "counted"  # added in both ways
    MEAN = "held"  # of processes the sum, of windows the mean
    ONCE = "shared"  # of processes the greatest, for they have it in common; of windows the sum
    GROUPS = "of groups"  # of the processes of a control group the greatest, of groups and of windows the sum


# Of a value for each ms: its rate.
PER_SECOND = {Unit.BYTES: 1_000, Unit.MILLISECONDS: 1, Unit.MICROSECONDS: 0.001, Unit.PROCESSES: 1_000}


class Used(NamedTuple):
    """A fact with all that it declares. `series` is its name in the live view, and `line` its name within its chart.

    Without a series it is not in the live view. With a `whole`, the name of another fact, it is shown as its share of
    that one. One that is `rare` is not drawn while it is 0.
    """

    name: str
    meaning: str
    kind: Kind
    over: Over
    unit: Unit
    series: str
    chart: str
    line: str
    whole: str
    rare: bool

    @property
    def counts(self) -> bool:
        """Return whether it counts what happened in a window, so that it is shown as a rate."""
        return self.over is not Over.MEAN and not self.whole


def used(
    meaning: str,
    over: Over,
    unit: Unit,
    kind: Kind | None = None,
    *,
    series: str = "",
    chart: str = "",
    line: str = "",
    whole: str = "",
    rare: bool = False,
) -> Meta:
    """Return the annotation of a fact. Without a chart it is stored, and not drawn."""
    declared = fact(meaning, Merge.MAX, kind)
    shown = {
        "over": over, "unit": unit, "series": series, "chart": chart, "line": line, "whole": whole, "rare": rare,
    }  # fmt: skip
    return Meta(description=meaning, extra={**(declared.extra or {}), "used": shown})


@cache
def uses(record: type) -> dict[str, Used]:
    """Return the facts of a record, or of a set of columns, that are declared by `used`."""
    return {
        field.name: Used(field.name, field.meaning, field.extra["kind"] or kind_of(field.value), **field.extra["used"])
        for field in annotated(record)
        if "used" in field.extra
    }


def charts(record: type) -> dict[str, list[Used]]:
    """Return the facts of a record by the charts that they are drawn in."""
    drawn: dict[str, list[Used]] = {}
    for one in uses(record).values():
        if one.chart:
            drawn.setdefault(one.chart, []).append(one)
    return drawn

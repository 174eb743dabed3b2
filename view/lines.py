"""The time series of nodes and edges, chart by chart: columns of the rows in graph/series.py and graph/usage.py."""

from collections.abc import Callable
from typing import Any

from graph.columns import ENDS
from graph.traffic import OWN_SUMS, TO_CLIENT, TO_SERVER
from schemas.counted import COUNTED, HAPPENED, OF_UNIX, OWN, UNCOUNTED
from schemas.facts import Chart, Unit
from schemas.raw import HostUsage, Usage
from schemas.used import Used, uses
from view.series import Line

_RATES = {  # units, and what a value is multiplied by; a time that was used or waited is a share of the time there is
    Unit.BYTES: ("B/s", 1.0),
    Unit.SEGMENTS: ("1/s", 1.0),
    Unit.CONNECTIONS: ("1/s", 1.0),
    Unit.MILLISECONDS: ("cores", 1e-3),
    Unit.MICROSECONDS: ("share", 1e-6),
    Unit.PROCESSES: ("1/s", 1.0),
}
_MEANS = {Unit.MICROSECONDS: ("ms", 1e-3), Unit.BYTES: ("B", 1.0)}
_HELD = {Unit.BYTES: "B"}
_TRAFFIC, _OPEN = "Traffic", "Open connections"
_OPENED, _FAILED, _ROUND_TRIP = (COUNTED[name].label for name in ("opened", "failed", "rtt_us"))


def _member(column: str, name: str) -> Callable[[Any], float]:
    """Return what reads one value of a column of values by name."""
    return lambda row: float(getattr(row, column)[name])


def _rate(counter: str, column: str) -> Line:
    fact = COUNTED[counter]
    unit, scale = _RATES[fact.unit]
    return Line(counter, fact.label, unit, scale=scale, rate=True, value=_member(column, counter))


def _of_end(column: str, chart: str = "") -> Line:
    """Return the series of a counter of one end; `column` is that of an edge (graph/columns.py)."""
    end, _, counter = column.partition("_")
    fact = COUNTED[counter]
    name, chart = column.removesuffix("_bytes").removesuffix("_us"), chart or fact.label  # a series has its own unit
    if fact.chart is Chart.MEAN:
        unit, scale = _MEANS[fact.unit]
        return Line(
            name, chart, unit, end, scale=scale, rare=counter in OF_UNIX, value=_member(f"{end}_means", counter)
        )
    unit, scale = _RATES[fact.unit]
    return Line(name, chart, unit, end, scale=scale, rate=True, value=_member(f"{end}_sums", counter))


TRAFFIC = (
    Line("bytes_in", _TRAFFIC, "B/s", "in", rate=True),
    Line("bytes_out", _TRAFFIC, "B/s", "out", rate=True),
    Line("opened_in", _OPENED, "1/s", "in", rate=True),
    Line("opened_out", _OPENED, "1/s", "out", rate=True),
    Line("active_in", _OPEN, "connections", "in"),
    Line("active_out", _OPEN, "connections", "out"),
    Line("failed_in", _FAILED, "1/s", "in", rate=True),
    Line("failed_out", _FAILED, "1/s", "out", rate=True),
    *(_rate(name, "counted") for name in OWN_SUMS if OWN[name].chart is Chart.RATE),
    Line("rtt", _ROUND_TRIP, "ms", scale=1e-3),
)


def _used(record: type) -> tuple[Line, ...]:
    """Return the series of the usage in a record."""
    return tuple(_use(one) for one in uses(record).values() if one.series)


def _use(one: Used) -> Line:
    unit, scale = _RATES[one.unit] if one.counts else (_HELD.get(one.unit, one.unit.value), 1.0)
    if one.whole:
        unit = Unit.SHARE.value
    return Line(
        one.series,
        one.chart,
        unit,
        one.line,
        scale=scale,
        rate=one.counts,
        steady=one.counts,
        rare=one.rare,
        value=_member("used", one.series),
    )


PROCESSES, HOST = _used(Usage), _used(HostUsage)


EDGE = (
    *(_of_end(column, "To the server") for column in TO_SERVER),
    *(_of_end(column, "To the client") for column in TO_CLIENT),
    _rate("opened", "happened"),
    Line("active", _OPEN, "connections"),
    _rate("failed", "happened"),
    *(_of_end(f"{end}_{name}") for name, one in OWN.items() if one.chart is not Chart.NONE for end in ENDS),
)


def of_edge(transport: str) -> tuple[Line, ...]:
    """Return the series of an edge: without those of what the kernel does not count on its transport."""
    if transport not in UNCOUNTED:
        return EDGE
    shown = {f"{end}_{name.removesuffix('_bytes')}" for end in ENDS for name in UNCOUNTED[transport]}
    return tuple(line for line in EDGE if line.name in {*HAPPENED, "active", *shown})

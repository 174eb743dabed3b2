"""The span of a query: its range, and which parts of it are read from days, hours, minutes and windows.

`span` is one value with named members, first after WITH. Whole days, hours and minutes come from the roll-ups, as
far as these go. The rest at both ends comes from windows. So nothing is missing and nothing counts twice.

    member                    a time
    since, until              the range
    minutes_from, minutes_to  read from minutes, but for
    hours_from, hours_to      these, which are read from hours, but for
    days_from, days_to        these, which are read from days
"""

from collections.abc import Callable
from typing import NamedTuple

from graph.sql import either, inside, select, text
from schemas.times import DAY_MS, HOUR_MS, MINUTE_MS

MEMBERS = ("since", "until", "minutes_from", "minutes_to", "hours_from", "hours_to", "days_from", "days_to")
_FROM, _TO = "toInt64(%(from)s)", "toInt64(%(to)s)"


class Reach(NamedTuple):
    """Conditions on the times that a query reads: on a column of windows, on `minute`, `hour` and perhaps `day`."""

    windows: Callable[[str], str]
    minutes: Callable[[], str]
    hours: Callable[[], str]
    days: Callable[[], str] | None = None


def of_range(windows_alone: bool | str = False) -> str:
    """Return the span of [from, to), parameters in ms, with roll-ups as far as they go, or with windows alone."""
    rolled = select(
        {
            "since_ms": _FROM,
            "until_ms": _TO,
            "minutes_from_ms": either(windows_alone, "until_ms", _up("since_ms", MINUTE_MS)),
            "hours_from_ms": _up("minutes_from_ms", HOUR_MS),
            "days_from_ms": _up("hours_from_ms", DAY_MS),
            "minutes_to_ms": _down("minutes_from_ms", "until_ms", MINUTE_MS, "max(minute)"),
            "hours_to_ms": _down("hours_from_ms", "minutes_to_ms", HOUR_MS, "(SELECT max(hour) FROM edges_1h)"),
            "days_to_ms": _down("days_from_ms", "hours_to_ms", DAY_MS, "(SELECT max(day) FROM edges_1d)"),
        },
        "edges_1m",
    )
    return f"{inside(select(_times(), inside(rolled)))} AS span"


def _up(ms: str, unit: int) -> str:
    """Return the first time from `ms` on with which a unit begins."""
    return f"intDiv({ms} + {unit - 1}, {unit}) * {unit}"


def _down(least: str, ms: str, unit: int, newest: str) -> str:
    """Return the last time up to `ms` with which a unit ends, up to the `newest` that is rolled up."""
    return f"greatest({least}, least(intDiv({ms}, {unit}) * {unit}, toUnixTimestamp64Milli({newest}) + {unit}))"


def of_steps() -> str:
    """Return the span of [from, to) that begins with a whole step; hours_to and minutes_to bound the roll-ups."""
    return _given(
        since=_FROM,
        until=_TO,
        minutes_from=_FROM,
        minutes_to="toInt64(%(minutes_to)s)",
        hours_from=_FROM,
        hours_to="toInt64(%(hours_to)s)",
        days_from=_FROM,
        days_to=_FROM,
    )


def of_windows() -> str:
    """Return the span of [from, to) that is read from windows alone."""
    return _given(since=_FROM, until=_TO, **dict.fromkeys(MEMBERS[2:], _TO))


def _given(**times_ms: str) -> str:
    """Return a span of times that are known, ms: without a query, for a scalar is analysed wherever it is named."""
    values = ", ".join(_time(times_ms[name]) for name in MEMBERS)
    types = ", ".join(f"{name} DateTime64(3, 'UTC')" for name in MEMBERS)
    return f"CAST(({values}), {text(f'Tuple({types})')}) AS span"


def windows(column: str) -> str:
    """Return the condition for a time of windows."""
    return f"{in_range(column)} AND ({column} < {of_span('minutes_from')} OR {column} >= {of_span('minutes_to')})"


def minutes() -> str:
    """Return the condition for `minute`."""
    return (
        f"minute >= {of_span('minutes_from')} AND minute < {of_span('minutes_to')} "
        f"AND (minute < {of_span('hours_from')} OR minute >= {of_span('hours_to')})"
    )


def hours() -> str:
    """Return the condition for `hour`."""
    return (
        f"hour >= {of_span('hours_from')} AND hour < {of_span('hours_to')} "
        f"AND (hour < {of_span('days_from')} OR hour >= {of_span('days_to')})"
    )


def days() -> str:
    """Return the condition for `day`."""
    return f"day >= {of_span('days_from')} AND day < {of_span('days_to')}"


def begins(time: str) -> str:
    """Return when the window, the minute or the hour of a row begins, ms; `time` is when its first window does."""
    in_hours = f"{time} >= {of_span('hours_from')} AND {time} < {of_span('hours_to')}"
    in_minutes = f"{time} >= {of_span('minutes_from')} AND {time} < {of_span('minutes_to')}"
    unit = f"multiIf({in_hours}, {HOUR_MS}, {in_minutes}, {MINUTE_MS}, 1)"
    return f"intDiv(toUnixTimestamp64Milli({time}), {unit}) * {unit}"


def of_span(member: str) -> str:
    """Return a member of `span`. Each name with a dot would have the whole of it analysed once more."""
    return f"tupleElement(span, '{member}')"


def in_range(column: str) -> str:
    """Return the condition that a time is in [from, to), for a query without a `span`."""
    return f"{column} >= {moment('from')} AND {column} < {moment('to')}"


def moment(parameter: str) -> str:
    """Return the time that a parameter in ms is."""
    return _time(f"toInt64(%({parameter})s)")


def _times() -> dict[str, str]:
    return {name: _time(f"{name}_ms") for name in MEMBERS}


def _time(ms: str) -> str:
    return f"fromUnixTimestamp64Milli({ms}, 'UTC')"


ALL_OF_IT = Reach(windows, minutes, hours, days)
IN_STEPS = Reach(windows, minutes, hours)  # of a span that begins with a whole step

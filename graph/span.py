"""The span of a query: its range, and which parts of it are read from hours, minutes and windows.

`span` is one value with named members, first after WITH. Whole hours and minutes come from the roll-ups, as far as
these go. The rest at both ends comes from windows. So nothing is missing and nothing counts twice.

    member                    a time
    since, until              the range
    minutes_from, minutes_to  read from minutes, but for
    hours_from, hours_to      these, which are read from hours
"""

from collections.abc import Callable
from typing import NamedTuple

from graph.sql import inside, select, text
from schemas.times import HOUR_MS, MINUTE_MS

MEMBERS = ("since", "until", "minutes_from", "minutes_to", "hours_from", "hours_to")
_FROM, _TO = "toInt64(%(from)s)", "toInt64(%(to)s)"


class Reach(NamedTuple):
    """Conditions on the times that a query reads: on a column of windows, on `minute` and on `hour`."""

    windows: Callable[[str], str]
    minutes: Callable[[], str]
    hours: Callable[[], str]


def of_range() -> str:
    """Return the span of [from, to), parameters in ms, with roll-ups as far as they go."""
    rolled = select(
        {
            "since_ms": _FROM,
            "until_ms": _TO,
            "minutes_from_ms": "intDiv(since_ms + 59999, 60000) * 60000",
            "hours_from_ms": "intDiv(minutes_from_ms + 3599999, 3600000) * 3600000",
            "minutes_to_ms": "greatest(minutes_from_ms, least(intDiv(until_ms, 60000) * 60000, "
            "toUnixTimestamp64Milli(max(minute)) + 60000))",
            "hours_to_ms": "greatest(hours_from_ms, least(intDiv(minutes_to_ms, 3600000) * 3600000, "
            "(SELECT toUnixTimestamp64Milli(max(hour)) + 3600000 FROM edges_1h)))",
        },
        "edges_1m",
    )
    return f"{inside(select(_times(), inside(rolled)))} AS span"


def of_steps() -> str:
    """Return the span of [from, to) that begins with a whole step; hours_to and minutes_to bound the roll-ups."""
    return _given(
        since=_FROM,
        until=_TO,
        minutes_from=_FROM,
        minutes_to="toInt64(%(minutes_to)s)",
        hours_from=_FROM,
        hours_to="toInt64(%(hours_to)s)",
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
    return f"hour >= {of_span('hours_from')} AND hour < {of_span('hours_to')}"


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


ALL_OF_IT = Reach(windows, minutes, hours)

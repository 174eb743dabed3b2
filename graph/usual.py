"""The usual requests are those of the hour before a span. They are read together with those in it (graph/asked.py)."""

from graph import span
from graph.span import moment
from graph.sql import inside, select
from schemas.health import USUAL_MS

_SINCE = moment("from")
_FROM = f"toStartOfMinute({_SINCE} - toIntervalMillisecond({USUAL_MS}))"


def of_hour_before() -> str:
    """Return `earlier`: up to `minutes_to`, the hour before a span is read from minutes, and then from windows."""
    minutes_to = f"greatest({_FROM}, least(toStartOfMinute({_SINCE}), max(minute) + INTERVAL 1 MINUTE))"
    return f"{inside(select({'minutes_to': minutes_to, 'newest': 'max(minute)'}, 'edges_1m'))} AS earlier"


def is_now(column: str) -> str:
    """Return whether a time is in the span, and not before it."""
    return f"{column} >= {_SINCE}"


def windows(column: str) -> str:
    """Return the condition for a time of windows."""
    return f"({span.windows(column)} OR ({column} >= earlier.minutes_to AND {column} < {_SINCE}))"


def minutes() -> str:
    """Return the condition for `minute`."""
    return f"({span.minutes()} OR (minute >= {_FROM} AND minute < earlier.minutes_to))"


WITH_HOUR_BEFORE = span.Reach(windows, minutes, span.hours, span.days)

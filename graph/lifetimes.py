"""What the lifetimes of processes and of addresses have in common: how a time is asked for, and what stands."""

from graph.sql import select

STANDING = "INTERVAL 2 MINUTE"  # what was seen stands so long: it is restated every minute, and that may be lost once


def asked(parameter: str) -> str:
    """Return the time that a parameter of a view is: a time, or its text in any common form, UTC unless it says."""
    return f"parseDateTime64BestEffort({{{parameter}:String}}, 3, 'UTC')"


def newest_day(table: str, time: str) -> str:
    """Return the newest day that a table of days has; later hours are not made into days yet."""
    return f"({select([f'toStartOfDay(max({time}))'], table)})"

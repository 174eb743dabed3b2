"""Times as formats of others write them."""

from datetime import UTC, datetime


def rfc3339(ms: int) -> str:
    """Write a time as RFC 3339 does, in UTC, to the nanosecond."""
    return f"{datetime.fromtimestamp(ms // 1000, UTC):%Y-%m-%dT%H:%M:%S}.{ms % 1000 * 1_000_000:09}Z"


def day(ms: int) -> str:
    """Write the day of a time, in UTC."""
    return f"{datetime.fromtimestamp(ms // 1000, UTC):%Y-%m-%d}"


def iso(ms: int) -> str:
    """Write a time as XML Schema's dateTime, in UTC, to the millisecond."""
    return f"{datetime.fromtimestamp(ms // 1000, UTC):%Y-%m-%dT%H:%M:%S}.{ms % 1000:03}Z"

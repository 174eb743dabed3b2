"""A time that is compared: a moment or a range, as people say it."""

import re
from datetime import datetime
from typing import Any, NamedTuple

import click

from servicemap.options import Moment


class Time(NamedTuple):
    """A range, ms; `since` is None where only its end is given."""

    since: int | None
    at: int


class When(click.ParamType):
    """A moment, or a range FROM..TO; where TO is a clock time, it is one of the day of FROM."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Time:
        """Return the time."""
        if isinstance(value, Time):
            return value
        first, dots, last = str(value).partition("..")
        since = Moment().convert(first, param, ctx)
        if not dots:
            return Time(None, since)
        if re.fullmatch(r"\d{1,2}:\d{2}(:\d{2})?", last.strip()):
            last = f"{datetime.fromtimestamp(since / 1000):%Y-%m-%d}T{last.strip():0>5}"
        at = Moment().convert(last, param, ctx)
        if at <= since:
            self.fail(f"{value!r} ends before it begins: give FROM..TO, such as 10:00..10:10")
        return Time(since, at)

"""The points of a time series, and the recorded time of each.

So rates are right at both ends of a range too. A point without rows has a rate of 0, and there is no point where
nothing was recorded. A long or heavy range has points of whole minutes or hours, and begins and ends with one, so that
roll-ups can be read. Parameters: from, to in ms; interval in s.
"""

from graph.recorded_windows import recorded_seconds, recorded_windows
from graph.span import Reach, of_span
from graph.sql import defined, inside, select
from graph.stored import many_windows
from schemas.times import HOUR_MS, MINUTE_MS

_FROM, _TO = "toInt64(%(from)s)", "toInt64(%(to)s)"
_LEAST_WIDTH_MS = 100
_HOURS_FROM_MS, _MINUTES_FROM_MS = 14 * 24 * HOUR_MS, 3 * HOUR_MS  # longer ranges have points of at least these

_STEP = of_span("step_ms")
POINT = f"intDiv(toUnixTimestamp64Milli({{0}}), {_STEP}) * {_STEP}".format
TIME = "toDateTime(intDiv({0}, 1000), 'UTC')".format


def clock() -> list[str]:
    """Return the parts `span`, `recorded` and `clock`: points `at`, ms, and the `seconds` recorded of each.

    `span` has these members besides its times: from_ms and to_ms, step_ms, and seconds, its length.
    """
    since, until = of_span("since"), of_span("until")
    width = (
        f"least({POINT('begins')} + {_STEP}, {of_span('to_ms')}) - greatest({POINT('begins')}, {of_span('from_ms')})"
    )
    points = {
        "at": POINT("begins"),
        "seconds": f"least(toInt64(sum(width)), {width.replace(POINT('begins'), 'at')}) / 1000",
    }
    rows = inside(recorded_windows(since, until))
    return [
        f"{inside(_span())} AS span",
        recorded_seconds(since, until, of_span("seconds")),
        *defined(clock=select(points, rows, group=["at"]) + "\nHAVING seconds > 0"),
    ]


def _span() -> str:
    newest = select(
        {
            "newest_ms": "toInt64(max(toUnixTimestamp64Milli(window)))",
            "window_ms": f"toInt64(greatest(max(width_ms), {_LEAST_WIDTH_MS}))",
            "heavy": inside(many_windows()),
        },
        "host_usage",
        where="window = (SELECT max(window) FROM host_usage)",
    )
    length = f"({_TO} - {_FROM})"
    finest = (
        f"multiIf({length} > {_HOURS_FROM_MS}, {HOUR_MS}, "
        f"{length} > {_MINUTES_FROM_MS} OR assumeNotNull(heavy), {MINUTE_MS}, window_ms)"
    )
    least = select(["*", f"greatest(toInt64(%(interval)s) * 1000, {finest}) AS least_ms"], inside(newest))
    grain = f"multiIf(least_ms >= {HOUR_MS}, {HOUR_MS}, least_ms >= {MINUTE_MS}, {MINUTE_MS}, window_ms)"
    grained = select(["*", f"{grain} AS grain_ms"], inside(least))
    up = "intDiv({0} + grain_ms - 1, grain_ms) * grain_ms".format
    ranged = select(
        {
            "grain_ms": "grain_ms",
            "step_ms": up("least_ms"),
            "from_ms": up(_FROM),
            "to_ms": f"least({up(_TO)}, newest_ms + window_ms)",
        },
        inside(grained),
    )
    rolled = select(
        [
            "*",
            f"if(grain_ms < {HOUR_MS}, from_ms, {_rolled('from_ms', HOUR_MS, 'hour')}) AS hours_to_ms",
            f"if(grain_ms < {MINUTE_MS}, from_ms, {_rolled('hours_to_ms', MINUTE_MS, 'minute')}) AS minutes_to_ms",
        ],
        inside(ranged),
    )
    times = {"since": "from_ms", "until": "to_ms", "hours_to": "hours_to_ms", "minutes_to": "minutes_to_ms"}
    return select(
        {
            "step_ms": "step_ms",
            "from_ms": "from_ms",
            "to_ms": "to_ms",
            "seconds": "greatest(to_ms - from_ms, 1) / 1000",
            **{name: f"fromUnixTimestamp64Milli(assumeNotNull({ms}), 'UTC')" for name, ms in times.items()},
        },
        inside(rolled),
    )


def _rolled(since_ms: str, unit: int, time: str) -> str:
    table = {"hour": "edges_1h", "minute": "edges_1m"}[time]
    newest = f"(SELECT toUnixTimestamp64Milli(max({time})) + {unit} FROM {table})"
    return f"greatest({since_ms}, least(intDiv(to_ms, {unit}) * {unit}, {newest}))"


def stands_ms(row: str) -> str:
    """Return the time, ms, for which the open connections of a packed row hold: a window, a minute or an hour."""
    first = f"{row}.first"
    hours_to, minutes_to = of_span("hours_to"), of_span("minutes_to")
    stands = f"multiIf({first} < {hours_to}, {HOUR_MS}, {first} < {minutes_to}, {MINUTE_MS}, {row}.width_ms)"
    return f"least({stands}, {of_span('to_ms')} - toUnixTimestamp64Milli({first}))"


ROLLED_FIRST = Reach(
    windows=lambda column: f"{column} >= {of_span('minutes_to')} AND {column} < {of_span('until')}",
    minutes=lambda: f"minute >= {of_span('hours_to')} AND minute < {of_span('minutes_to')}",
    hours=lambda: f"hour >= {of_span('since')} AND hour < {of_span('hours_to')}",
)
EACH_POINT = f"intDiv(toUnixTimestamp64Milli(flow.window), {_STEP})"

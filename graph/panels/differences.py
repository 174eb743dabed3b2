"""Differences: the edges of a range beside those of an earlier one, as long, that ended %(earlier)s seconds before it.

With 0 seconds, it is the range just before. An edge has appeared, has vanished, or is at both times: then it differs if
a measure changed by so much as departs where the past hardly varies (graph/differing/rows.py). What is usual for an
edge is not looked at here. Only roll-ups are read: minutes, or the hours of a long range.
"""

from graph import traffic
from graph.asked import requested, summed
from graph.columns import ENDS, KEY
from graph.differing.rows import rate_differs, ratio_differs, share_differs
from graph.levels import KNOWN, Column, node_at
from graph.packing import packs_in, plain
from graph.ports import port_name
from graph.quantiles import Quantiles
from graph.recorded_windows import recorded_seconds
from graph.requested import STEP_SHARES
from graph.span import Reach
from graph.spans import ALL_AT_ONCE, spans
from graph.sql import inside, select, union, within
from graph.titles import ALIASES, HOSTNAMES, alias, title
from schemas.times import HOUR_MS

_LEVEL = "service"
_MOST = 500
_LONG_MS = 6 * HOUR_MS
_COUNTS = ("requests", "errors", "unseen", "given_up", "latency")
_SUMS = {
    "opened": plain("connections_opened", "row"),
    "failed": plain("connections_failed", "row"),
    "bytes": f"{traffic.to_server('row')} + {traffic.to_client('row')}",
}
_LENGTH = "toInt64(%(to)s - %(from)s)"
_SHIFT = f"if(toInt64(%(earlier)s) = 0, {_LENGTH}, toInt64(%(earlier)s) * 1000)"
_TIME = "fromUnixTimestamp64Milli(toInt64({}), 'UTC')".format
_FROM, _TO = _TIME("%(from)s"), _TIME("%(to)s")
_SIDES = {"before": "NOT later", "after": "later"}
_RANGES = {
    "before": (_TIME(f"%(from)s - {_SHIFT}"), _TIME(f"%(to)s - {_SHIFT}")),
    "after": (_FROM, _TO),
}


def differences() -> str:
    """Return the edges that appeared, vanished or changed, those that carry most first."""
    times = Quantiles("times", "latency", STEP_SHARES)
    sums = (*_SUMS, *_COUNTS[:-1])
    key = {name: f"row.{name}" for name in KEY}
    by_edge = select(
        {
            **key,
            "later": "row.later",
            "address": "max(row.address)",
            "there": "max(row.there)",
            **{name: f"sum(row.{name})" for name in sums},
            "latency": "sumMap(row.latency)",
        },
        f"{inside(union(_edges(), _requests()))} AS row",
        group=(*key.values(), "row.later"),
    )
    timed = select(["*", *(f"{made} AS {name}" for name, made in times.columns.items())], inside(by_edge))
    known = {
        **{name: name for name in _SUMS},
        "asked": "requests + given_up",
        "failing": "errors + given_up",
        "known": "requests + given_up - unseen",
        "p99": times.at(0.99),
    }
    both = select(
        {
            **{name: name for name in KEY},
            "server_address": "max(address)",
            **{f"there_{side}": f"maxIf(there, {where})" for side, where in _SIDES.items()},
            **{
                f"{name}_{side}": f"sumIf({made}, {where})"
                for name, made in known.items()
                for side, where in _SIDES.items()
            },
        },
        inside(timed),
        group=KEY,
    )
    seconds = {side: f"recorded_{side}.seconds" for side in _SIDES}
    differs = " OR ".join(
        (
            rate_differs("opened", seconds),
            rate_differs("bytes", seconds),
            rate_differs("asked", seconds, "requests"),
            share_differs("failing", "failed", "opened"),
            share_differs("failing", "failing", "known"),
            ratio_differs("p99"),
        )
    )
    change = f"multiIf(NOT there_before, 'appeared', NOT there_after, 'vanished', {differs}, 'changed', '')"
    columns = {
        "change": "edge.change",
        "client_name": f"coalesce(nullIf({alias('edge.client')}, ''), {title('edge.client')})",
        "server_name": f"coalesce(nullIf({alias('edge.server')}, ''), {title('edge.server')})",
        "port": port_name("edge", "edge.server_address"),
        **{
            f"{name}_{side}": f"nullIf(edge.{made}_{side} / {seconds[side]}, 0)"
            for name, made in {"requests": "asked", "connections": "opened", "traffic": "bytes"}.items()
            for side in _SIDES
        },
        **{f"errors_{side}": f"edge.failing_{side} / nullIf(edge.known_{side}, 0)" for side in _SIDES},
        **{f"slowest_{side}": f"nullIf(edge.p99_{side}, 0)" for side in _SIDES},
        "client_id": "toString(edge.client)",
        "server_id": "toString(edge.server)",
    }
    marked = select(["*", f"{change} AS change"], inside(both), where="there_before OR there_after")
    found = select(columns, f"{inside(marked)} AS edge", where="edge.change != ''")
    order = "ORDER BY change, edge.bytes_before + edge.bytes_after DESC, client_id, server_id, port"
    recorded = [
        recorded_seconds(*times, f"{_LENGTH} / 1000").removesuffix("recorded") + f"recorded_{side}"
        for side, times in _RANGES.items()
    ]
    return within([*recorded, HOSTNAMES, ALIASES], f"{found}\n{order}\nLIMIT {_MOST}")


def _edges() -> str:
    """Return the edges of both ranges, with their sums."""
    columns = {
        **_key(plain),
        "later": f"row.first >= {_FROM}",
        "address": f"max({plain('server_address', 'row')})",
        "there": "true",
        **{name: f"sum({made})" for name, made in _SUMS.items()},
        **dict.fromkeys(_COUNTS[:-1], "toUInt64(0)"),
        "latency": "CAST(map(), 'Map(Int16, UInt64)')",
    }
    names = packs_in([*columns.values(), _wanted(plain)], "row")
    rows = f"{inside(spans(ALL_AT_ONCE, names=names, reach=_REACH))} AS row"
    return select(columns, rows, where=_wanted(plain), group=(*_key(plain).values(), "later"))


def _requests() -> str:
    """Return the requests on the edges of both ranges."""
    who = [f"{end}_{name}" for end in ENDS for name in KNOWN]
    columns = {
        **_key(_direct),
        "later": f"row.begins >= {_FROM}",
        "address": "''",
        "there": "false",
        **dict.fromkeys(_SUMS, "toUInt64(0)"),
        **summed(_COUNTS, "row"),
    }
    rows = f"{inside(requested((*KEY, *who, *_COUNTS), reach=_REACH))} AS row"
    return select(columns, rows, where=_wanted(_direct), group=(*_key(_direct).values(), "later"))


def _inside(column: str) -> str:
    either = " OR ".join(f"({column} >= {since} AND {column} < {until})" for since, until in _RANGES.values())
    return f"({either})"


_REACH = Reach(
    windows=lambda _: "",
    minutes=lambda: f"{_LENGTH} <= {_LONG_MS} AND {_inside('minute')}",
    hours=lambda: f"{_LENGTH} > {_LONG_MS} AND {_inside('hour')}",
)


def _wanted(column: Column) -> str:
    return " AND ".join(
        f"%({name})s IN ('', {column(f'client_{name}', 'row')}, {column(f'server_{name}', 'row')})"
        for name in ("service", "host")
    )


def _key(column: Column) -> dict[str, str]:
    ends = {end: node_at(end, column, "row", _LEVEL) for end in ENDS}
    return {name: ends.get(name, f"row.{name}") for name in KEY}


def _direct(name: str, row: str) -> str:
    return f"{row}.{name}"

"""Lifetimes of addresses and of listeners on them: who held each from when to when, also months ago.

`places` has a bit for each minute of an hour, and is kept for days. `places_1d` has the stretches of minutes of each
day, and is kept for longer. Both are read as stretches, and those of one holder with no more than a minute between them
are one lifetime. So all times are whole minutes, but for the start of a process that began within one.
"""

from collections.abc import Mapping, Sequence

from graph.columns import EdgeColumn
from graph.identity import WHO, cut, part
from graph.lifetimes import newest_day
from graph.sql import inside, select, union
from schemas.kinds import LABEL, TIME, U16, U32

LEAST_S = 120  # for so long a listener on a port of clients has to stand to be kept for longer than its hours
CLIENTS = 32_768  # the ports from here on are those of clients
LOST_S = 60  # a minute that was not reported ends nothing
_AT = ("address", "transport", "port", "scope", "host")
KEY = (*_AT, "who", "since")  # of `places_1d`; `until` is its other column
_WHO = ("service", "name", "container", "container_name", "namespace", "pod")
_HOLDER = ("node", "container", "namespace", "pod", "service")  # a holder; what else is known of it may come later
ADDRESS_LIFETIMES = (
    EdgeColumn("address", LABEL, "IPv4 or IPv6 address; 0.0.0.0 and :: of what loopback reaches, in its scope"),
    EdgeColumn("port", U16, "port that is listened to; 0: the address itself"),
    EdgeColumn("transport", LABEL, "tcp or udp; empty for the address itself"),
    EdgeColumn("scope", LABEL, "where the address means something: empty for everywhere, else a host or a part of it"),
    EdgeColumn("host", LABEL, "host id"),
    EdgeColumn("hostname", LABEL, "host's name, as last reported"),
    EdgeColumn("node", LABEL, "process node of who listens, empty where that is not sure"),
    EdgeColumn("pid", U32, "its process id; 0 without a process"),
    *(EdgeColumn(name, LABEL, WHO[name].meaning) for name in _WHO),
    EdgeColumn("tied", WHO["tied"].kind, "several processes may be the one that listens"),
    EdgeColumn("since", TIME, "start of the minute in which it was first so, or of the process"),
    EdgeColumn("until", TIME, "end of the last minute in which it was so"),
)


def address_lifetimes(where: str = "1") -> str:
    """Return all lifetimes, or those of which `where` holds, a condition on an address and its port: the view."""
    hours = f"hour >= {newest_day('places_1d', 'since')} AND ({where})"
    days = select([*KEY, "until"], "places_1d", where=where)
    rows = union(days, select([*KEY, "until"], inside(_stretches(hours))))
    who = cut("toString(row.who)")
    began = f"fromUnixTimestamp64Milli(toInt64OrZero({part(who, 'started')}), 'UTC')"
    held = {
        **{name: f"row.{name}" for name in _AT},
        **{name: part(who, name) for name in ("node", *_WHO)},
        "tied": f"toUInt8OrZero({part(who, 'tied')})",
        "since": f"least(greatest(row.since, {began}), row.until)",
        "until": "row.until",
    }
    latest = {name: f"argMax(one.{name}, one.until)" for name in (*_WHO, "tied") if name not in _HOLDER}
    lives = _joined(select(held, f"{inside(rows)} AS row"), (*_AT, *_HOLDER), latest, LOST_S)
    columns = {column.name: f"life.{column.name}" for column in ADDRESS_LIFETIMES}
    columns |= {"hostname": "known.hostname", "pid": "toUInt32OrZero(splitByChar(':', life.node)[4])"}
    hosts = "LEFT JOIN (SELECT host, hostname FROM hosts FINAL) AS known ON known.host = life.host"
    return select(columns, f"{inside(lives)} AS life", hosts)


def of_days(since: str, until: str, some: str = "1") -> str:
    """Return the rows of `places_1d` for whole days, from hours of `some` hosts; times are SQL."""
    hours = f"hour >= {since} AND hour < {until} AND {some}"
    stretches = select(["*", "toStartOfDay(since) AS day"], inside(_stretches(hours)))
    lives = _joined(stretches, ("day", *_AT, "who"), {})
    kept = f"port < {CLIENTS} OR dateDiff('second', since, until) >= {LEAST_S}"
    return select([*KEY, "until"], inside(lives), where=kept)


def _stretches(where: str) -> str:
    """Return the stretches of minutes of each hour: a bit begins one if the bit of the minute before it is not set."""
    rows = select(
        [*_AT, "who", "hour", "groupBitOr(minutes) AS bits"], "places", where=where, group=(*_AT, "who", "hour")
    )
    first, last = (f"bitPositionsToArray(bitAnd(bits, bitNot({shift}(bits, 1))))" for shift in _SHIFTS)
    columns = [
        *_AT,
        "who",
        "hour + toIntervalMinute(59 - first) AS since",
        "hour + toIntervalMinute(60 - last) AS until",
    ]
    return select(columns, inside(rows), f"ARRAY JOIN {first} AS first, {last} AS last")


_SHIFTS = ("bitShiftRight", "bitShiftLeft")  # the minute before is the next higher bit, the one after it the next lower


def _joined(rows: str, keys: Sequence[str], latest: Mapping[str, str], apart_s: int = 0) -> str:
    """Join the stretches of one key that overlap, or are not further apart than this.

    At the end of a lifetime as many stretches have ended as have begun.
    """
    begins = "arrayMap(at -> (at, 0, 1), groupArray(one.since))"
    ends = f"arrayMap(at -> (at + toIntervalSecond({apart_s}), 1, -1), groupArray(one.until))"
    marks = f"arraySort(arrayConcat({begins}, {ends}))"
    by_key = select(
        {**{key: f"one.{key}" for key in keys}, **latest, "marks": marks},
        f"{inside(rows)} AS one",
        group=[f"one.{key}" for key in keys],
    )
    counted = select(["*", "arrayCumSum(mark -> mark.3, marks) AS running"], inside(by_key))
    first = "arrayFilter((mark, now) -> mark.3 = 1 AND now = 1, marks, running).1"
    last = "arrayFilter((mark, now) -> now = 0, marks, running).1"
    return select(
        [*keys, *latest, "since", f"last - toIntervalSecond({apart_s}) AS until"],
        inside(counted),
        f"ARRAY JOIN {first} AS since, {last} AS last",
    )

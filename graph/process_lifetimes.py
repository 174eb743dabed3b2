"""Lifetimes of processes: from when to when each one ran, also months ago.

Hours of `nodes` are kept for days, so `processes_1d` has the last word of each day for longer. Both are read alike. A
process runs from its start until it exits. If nobody saw it exit, it stands for two minutes after it was last seen.
"""

from typing import NamedTuple

from graph.columns import EdgeColumn
from graph.lifetimes import STANDING, asked, newest_day
from graph.model import iso_ms
from graph.sql import inside, select, union
from schemas.facts import facts
from schemas.graph import Nodes
from schemas.kinds import BOOL, TIME

LEAST_S = 30  # a process that ran for less is not kept for longer than its hours
_EXIT = "INTERVAL 1 HOUR"  # within this time after a day an exit is one of the day's processes
_OF_NODE = {name: one for name, one in facts(Nodes).items() if name not in ("hour", "seen", "started")}
_KEYS = ("node", "host", "pid")
DAY = ("day", *(name for name in facts(Nodes) if name != "hour"), "exited")  # the columns of `processes_1d`
PROCESS_LIFETIMES = (
    *(EdgeColumn(name, _OF_NODE[name].kind, _OF_NODE[name].meaning) for name in ("node", "host", "hostname", "pid")),
    EdgeColumn("since", TIME, "start of the process"),
    EdgeColumn("until", TIME, "when it exited, or two minutes after it was last seen"),
    EdgeColumn("exited", BOOL, "1: it was seen to exit; 0: it runs, or nobody knows how it ended"),
    *(EdgeColumn(name, one.kind, one.meaning) for name, one in _OF_NODE.items() if name not in (*_KEYS, "hostname")),
)


class ProcessLifeRow(NamedTuple):
    """A row of `of_pid`. Times in ms; `exited` is 1 if it was seen to exit."""

    node: str
    host: str
    hostname: str
    pid: int
    since: int
    until: int
    exited: int
    parent: int
    service: str
    name: str
    user: str
    exe: str
    cmdline: str
    container: str
    unit: str
    namespace: str
    pod: str
    container_name: str
    image: str


def process_lifetimes() -> str:
    """Return all lifetimes: the view."""
    newest = newest_day("processes_1d", "day")
    return _lifetimes("1", f"hour >= {newest}", f"time >= {newest}")


def processes_at() -> str:
    """Return the processes that ran at {at}: the view."""
    return running(asked("at"))


def running(at: str) -> str:
    """Return the processes that ran at a time, of one pid the one that started last."""
    # One that is not reported for a while, and then again, ran all along.
    day = f"toStartOfDay({at})"
    days = f"day >= {day} - INTERVAL 1 DAY AND day <= {day} + INTERVAL 1 DAY"
    hours = f"hour >= {at} - INTERVAL 1 DAY AND hour <= {at} + INTERVAL 1 DAY"
    exits = f"time >= {at} - INTERVAL 1 DAY AND time <= {at} + INTERVAL 25 HOUR"
    rows = select(["*"], inside(_lifetimes(days, hours, exits)), where=f"since <= {at} AND {at} < until")
    return f"{rows}\nORDER BY host, pid, since DESC\nLIMIT 1 BY host, pid"


def of_days(since: str, until: str, some: str = "1") -> str:
    """Return the rows of `processes_1d` for whole days, from hours of `some` hosts; times are SQL."""
    made = {
        **{name: f"argMax(row.{name}, row.seen)" for name in _OF_NODE if name not in _KEYS},
        **{name: f"row.{name}" for name in _KEYS},
        "day": "toStartOfDay(row.hour)",
        "seen": "max(row.seen)",
        "started": "min(row.started)",
        "exited": "max(row.exited)",
    }
    hours = f"hour >= {since} AND hour < {until} AND {some}"
    exits = f"time >= {since} AND time < {until} + {_EXIT} AND {some}"
    columns = {name: made[name] for name in DAY}
    rows = select(columns, f"{inside(_hours(hours, exits))} AS row", group=[made[name] for name in ("day", *_KEYS)])
    return f"{rows}\nHAVING greatest(max(row.seen), max(row.exited)) - min(row.started) >= {LEAST_S}"


def _hours(when: str, exits: str) -> str:
    """Return rows of hours, each with when its process exited, if that is known."""
    gone = select(
        {"node": "subject", "exited": "max(time)"},
        "events",
        where=f"kind = 'process_exited' AND ({exits})",
        group=("subject",),
    )
    return select(
        [*(f"one.{name} AS {name}" for name in facts(Nodes)), "gone.exited AS exited"],
        f"(SELECT * FROM nodes FINAL WHERE {when}) AS one",
        f"LEFT JOIN {inside(gone)} AS gone ON gone.node = one.node",
    )


def _lifetimes(days: str, hours: str, exits: str) -> str:
    names = [name for name in DAY if name != "day"]
    rows = union(select(names, "processes_1d FINAL", where=days), select(names, inside(_hours(hours, exits))))
    ended = "max(row.exited)"
    columns = {
        **{name: f"argMax(row.{name}, row.seen)" for name in _OF_NODE if name not in _KEYS},
        **{name: f"row.{name}" for name in _KEYS},
        "since": "min(row.started)",
        "until": f"if(toUnixTimestamp64Milli({ended}) > 0, {ended}, max(row.seen) + {STANDING})",
        "exited": f"toUInt8(toUnixTimestamp64Milli({ended}) > 0)",
    }
    named = {column.name: columns[column.name] for column in PROCESS_LIFETIMES}
    return select(named, f"{inside(rows)} AS row", group=[f"row.{name}" for name in _KEYS])


def pid_statement(pid: int, at: int) -> str:
    """Return the SQL for the processes of a pid at a time, ms."""
    return f"SELECT * FROM processes_at(at = '{iso_ms(at)}') WHERE pid = {pid}\n"


def of_pid(*, then: bool) -> str:
    """Return the processes of %(pid)s on %(hosts)s, [""] for any, that ran at %(at)s, ms; or the nearest."""
    view = "processes_at(at = fromUnixTimestamp64Milli(%(at)s, 'UTC'))" if then else "process_lifetimes"
    where = "life.pid = %(pid)s AND ('' IN %(hosts)s OR life.host IN %(hosts)s)"
    times = {name: f"toUnixTimestamp64Milli(life.{name})" for name in ("since", "until")}
    columns = {name: f"life.{name}" for name in ProcessLifeRow._fields} | times
    ago = "toUnixTimestamp64Milli(life.until) - toInt64(%(at)s)"
    order = "host" if then else f"{ago} > 0, abs({ago}), host\nLIMIT 1"
    return f"{select(columns, f'{view} AS life', where=where)}\nORDER BY {order}"

"""Queries for the extent of the stored data: its start, its end, its share of a range, and its names."""

from enum import StrEnum
from typing import NamedTuple

from graph.span import in_range, moment
from graph.sql import inside, select, text
from schemas.times import DAY_MS, HOUR_MS, MINUTE_MS

MANY_WINDOWS = 250_000  # rows of edges, about as many as are read in a second


class NewestRow(NamedTuple):
    """A row of `newest_window`: the start and the width of the newest window, ms; zeros without any."""

    start_ms: int
    window_ms: int


class NewestEndsRow(NamedTuple):
    """A row of `newest_ends`: when the newest window of any host and of any edge ends, ms; 0 without any."""

    facts: int
    edges: int


class FirstRow(NamedTuple):
    """A row of `oldest_window`: the start of the oldest window, ms; 0 without any."""

    first: int


class Stored(NamedTuple):
    """A row of `stored_range`: when the stored data begin, ms, 0 for none; whether they cover any of a range."""

    begin: int
    covers: int


class ManyRow(NamedTuple):
    """A row of `many_windows`: 1 where windows are too many, or too few, to be read one by one."""

    many: int


class RolledUpRow(NamedTuple):
    """A row of `newest_roll_ups`: the newest hour, and the end of the newest minute, ms; 0 without any."""

    newest_hour: int
    minutes_end: int


class NameRow(NamedTuple):
    """A row of `every_name`: a name, and whether it is one of a service or of a host."""

    kind: str
    name: str


class Dropped(StrEnum):
    """A kind of data that is dropped to make room on the disk."""

    FLOWS = "flows"  # rows of windows
    LOG = "log"  # records
    MINUTES = "minutes"  # roll-ups


class DroppedRow(NamedTuple):
    """A row of `dropped`: a kind of data that was dropped to make room, up to when, ms, and its total amount."""

    what: str
    until: int
    rows: int
    size: int


def dropped() -> str:
    """Return what was dropped early (sinks/dropping.py), a row for each kind."""
    columns = {
        "what": "what",
        "until": "toUnixTimestamp64Milli(max(until))",
        "rows": "sum(rows)",
        "size": "sum(bytes)",
    }
    return select(columns, "dropped FINAL", group=("what",))


def newest_window() -> str:
    """Return the newest window.

    It is that of edges, from which the map is made, or that of hosts if there were no edges for some windows. Edges are
    read only if no host reported the window, because their time is the last column of their key.
    """
    return """WITH
    (SELECT max(window) FROM edges) AS of_edges,
    (SELECT max(window) FROM host_usage) AS of_hosts,
    (SELECT max(width_ms) FROM host_usage WHERE window = of_hosts) AS width,
    if(of_edges + toIntervalMillisecond(3 * width) >= of_hosts, of_edges, of_hosts) AS latest,
    (SELECT max(width_ms) FROM host_usage WHERE window = latest) AS reported
SELECT
    toUnixTimestamp64Milli(latest) AS start_ms,
    greatest(reported, (SELECT max(width_ms) FROM edges WHERE window = latest AND reported = 0)) AS window_ms"""


def newest_ends() -> str:
    """Return when the newest windows end: that of hosts, and that of edges, which are made later."""
    return """WITH
    (SELECT max(window) FROM host_usage) AS of_hosts,
    (SELECT max(window) FROM edges) AS of_edges,
    (SELECT max(width_ms) FROM host_usage WHERE window = of_hosts) AS width,
    (window -> if(toUnixTimestamp64Milli(window) > 0, toUnixTimestamp64Milli(window) + width, 0)) AS end_of
SELECT end_of(of_hosts) AS facts, end_of(of_edges) AS edges"""


def oldest_window() -> str:
    """Return the oldest window."""
    return "SELECT toUnixTimestamp64Milli(min(window)) AS first FROM edges"


def stored_range() -> str:
    """Return the start of the stored data, and whether any of it is in [from, to), ms."""
    since, until = moment("from"), moment("to")
    begins = ", ".join(
        [
            "(SELECT min(window) FROM edges)",
            "(SELECT min(window) FROM host_usage)",
            "(SELECT min(first) FROM edges_1m WHERE minute = (SELECT min(minute) FROM edges_1m))",
            "(SELECT min(first) FROM edges_1h WHERE hour = (SELECT min(hour) FROM edges_1h))",
            "(SELECT min(first) FROM edges_1d WHERE day = (SELECT min(day) FROM edges_1d))",
        ]
    )
    within = " + ".join(
        f"(SELECT count() FROM {table} WHERE {time} < {until} AND {time} + toIntervalMillisecond({width}) > {since})"
        for table, time, width in (
            ("host_usage", "window", "width_ms"),
            ("edges_1m", "minute", MINUTE_MS),
            ("edges_1h", "hour", HOUR_MS),
            ("edges_1d", "day", DAY_MS),
        )
    )
    return f"""WITH arrayFilter(time -> toUnixTimestamp64Milli(time) > 0, [{begins}]) AS times
SELECT
    if(empty(times), 0, toUnixTimestamp64Milli(arrayMin(times))) AS begin,
    {within} > 0 AS covers"""


def many_windows() -> str:
    """Return whether [from, to), ms, has to be read by the minute.

    This is so if it has more windows of edges than can be read within about a second, or if windows in it were dropped
    to make room, so that only minutes are left.
    """
    floor = inside(select(["toUnixTimestamp64Milli(max(until))"], "dropped", where=f"what = {text(Dropped.FLOWS)}"))
    some = f"SELECT 1 FROM edges WHERE {in_range('window')} LIMIT {MANY_WINDOWS + 1}"
    return select({"many": f"count() > {MANY_WINDOWS} OR toInt64(%(from)s) < {floor}"}, inside(some))


def newest_roll_ups() -> str:
    """Return the end of the roll-ups."""
    return f"""SELECT
    toUnixTimestamp64Milli((SELECT max(hour) FROM edges_1h)) AS newest_hour,
    toUnixTimestamp64Milli((SELECT max(minute) FROM edges_1m)) + {MINUTE_MS} AS minutes_end"""


def every_name() -> str:
    """Return every name that a map can be narrowed to. Hosts have their ids as well."""
    rolled = ("edges_1d", "edges_1h WHERE hour >= (SELECT max(day) FROM edges_1d)")
    sources = [
        ("service", "service", "nodes"),
        *(("service", "arrayJoin([client_service, server_service])", rows) for rows in rolled),
        ("host", "arrayJoin([host, hostname])", "nodes"),
        ("host", "arrayJoin([host, hostname])", "hosts"),
        *(("host", "arrayJoin([client_host, server_host])", rows) for rows in rolled),
    ]
    every = "\nUNION ALL\n".join(
        f"SELECT '{kind}' AS kind, {name} AS name FROM {table}" for kind, name, table in sources
    )
    return f"SELECT DISTINCT kind, name\nFROM {inside(every)}\nWHERE name != ''\nORDER BY kind, name"

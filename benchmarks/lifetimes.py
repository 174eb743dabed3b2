"""How long it takes to find who had an address, a port or a pid, of a year and a day of 1,000 services.

A store with 150 hosts, 1,709 processes that start anew every ten days, and 5,277 listeners and addresses: each day of
400 as it is kept for years, and the hours of today. And the map of the same fleet as a view, of an hour and of 30 days.
"""

import statistics
import time
from collections.abc import Iterator
from contextlib import closing

from benchmarks.result import Goal, Result, timed
from benchmarks.scale import MIDDLE, SERVICES, month_of_the_middle, read_map_edges, stored
from schemas.times import DAY_MS, HOUR_MS
from sinks.address import Address
from sinks.store import Store

DAYS = 400
RENEWED = 10  # days, after which a process is another one
MOST_MS = 1_000
MOST_TIMES = 3  # what the view may take, as a multiple of the map without requests
_PROCESS = f"""
    number AS process,
    concat('h', toString(process % {MIDDLE.hosts})) AS host,
    toInt64({{at}} - {{at}} % {RENEWED * DAY_MS}) AS began,
    concat('process:', host, ':0b007b00:', toString(process), ':', toString(began)) AS node,
    concat('service', toString(process % {SERVICES})) AS service"""
_OF_PROCESS = (
    "host, node, concat('name-', host), process, fromUnixTimestamp64Milli(began, 'UTC'), service, 'program', "
    "concat('/usr/bin/program --number ', toString(process))"
)
_COLUMNS = "host, node, hostname, pid, started, service, name, cmdline"
_PLACES = f"""
    SELECT arrayJoin([0, 1, 2, 3]) AS kind,{_PROCESS},
        concat(leftPad(toString(began), 16, '0'), '\\t', host, '\\t', node, '\\t', service) AS begins,
        if(kind = 0, '', 'tcp') AS transport,
        if(kind = 0, 0, toUInt16(1024 + process)) AS port,
        if(kind = 3, concat(host, '/4026531840'), '') AS scope,
        concat('10.0.', toString(process % {MIDDLE.hosts}), '.1') AS own,
        multiIf(kind = 3, '0.0.0.0', kind = 2, concat('fd00::', host), own) AS address,
        concat('0000000000001000\\t', host, '\\t\\t\\t\\t\\t\\t0') AS nobody,
        if(kind = 0, nobody, concat(begins, '\\tprogram\\t\\t\\t0')) AS who
    FROM numbers({MIDDLE.processes})
    WHERE kind > 0 OR process < {MIDDLE.hosts}"""


def run() -> list[Result]:
    return [*_owners(), *_views()]


def _owners() -> Iterator[Result]:
    now = time.time_ns() // 1_000_000
    today = now // DAY_MS * DAY_MS
    with stored() as (address, store):
        for day in range(today - DAYS * DAY_MS, today, DAY_MS):
            _fill_day(store, day)
        for hour in range(today, now, HOUR_MS):
            _fill_hour(store, hour)
        sizes = store.query(
            "SELECT table, sum(rows), sum(bytes_on_disk) FROM system.parts "
            "WHERE active AND database = currentDatabase() AND table IN ('processes_1d', 'places_1d') "
            "GROUP BY table ORDER BY table"
        )
        for table, rows, size in sizes:
            yield Result(name=f"lifetimes: {table}, {rows / 1e6:.1f} million rows", value=size / rows, unit="B a row")
        for when, at in (("now", now - HOUR_MS), ("120 days ago", now - 120 * DAY_MS)):
            moment = f"fromUnixTimestamp64Milli({at}, 'UTC')"
            yield _asked(address, f"owner_of a port, {when}", _owner(5, 1029, moment), 1)
            yield _asked(address, f"owner_of an address, {when}", _owner(7, 0, moment), 1)
            yield _asked(
                address, f"processes_at, {when}", f"SELECT * FROM processes_at(at = {moment})", MIDDLE.processes
            )
        of_pid = "SELECT * FROM process_lifetimes WHERE host = 'h5' AND pid = 155"
        yield _asked(address, "all lives of a pid", of_pid, DAYS // RENEWED)
        of_port = "SELECT * FROM address_lifetimes WHERE address = '10.0.5.1' AND port = 1029"
        yield _asked(address, "all holders of a port", of_port, DAYS // RENEWED)


def _views() -> Iterator[Result]:
    with month_of_the_middle() as (address, since, end):
        for what, start in (("an hour", end - HOUR_MS), ("30 days", since)):
            times = (f"fromUnixTimestamp64Milli({at}, 'UTC')" for at in (start, end))
            text = "SELECT * FROM service_map(from = {}, to = {}, level = 'service')".format(*times)
            view, of_map = _timed(address, text, SERVICES), read_map_edges(address, start, end)
            yield Result(
                name=f"lifetimes: service_map of {what}",
                value=statistics.median(view) * 1000,
                unit="ms",
                against="the map without requests",
                against_value=statistics.median(of_map) * 1000,
                goal=Goal(op="<=", number=MOST_TIMES),
                runs=tuple(each * 1000 for each in view),
            )


def _owner(host: int, port: int, moment: str) -> str:
    return f"SELECT * FROM owner_of(address = '10.0.{host}.1', port = {port}, at = {moment})"


def _fill_day(store: Store, day: int) -> None:
    at, last = (f"fromUnixTimestamp64Milli({ms}, 'UTC')" for ms in (day, day + DAY_MS - 60_000))
    process = _PROCESS.format(at=day)
    store.query(
        f"INSERT INTO processes_1d (day, seen, {_COLUMNS}) SELECT {at}, {last}, {_OF_PROCESS} "
        f"FROM (SELECT {process} FROM numbers({MIDDLE.processes}))"
    )
    columns = "address, transport, port, scope, host, who"
    store.query(
        f"INSERT INTO places_1d ({columns}, since, until) "
        f"SELECT {columns}, {at}, {at} + INTERVAL 1 DAY FROM ({_PLACES.format(at=day)})"
    )


def _fill_hour(store: Store, hour: int) -> None:
    at, last = (f"fromUnixTimestamp64Milli({ms}, 'UTC')" for ms in (hour, hour + HOUR_MS - 60_000))
    process = _PROCESS.format(at=hour)
    store.query(
        f"INSERT INTO nodes (hour, seen, {_COLUMNS}) SELECT {at}, {last}, {_OF_PROCESS} "
        f"FROM (SELECT {process} FROM numbers({MIDDLE.processes}))"
    )
    store.query(
        "INSERT INTO places (hour, address, transport, port, scope, host, who, seen, minutes) "
        f"SELECT {at}, address, transport, port, scope, host, who, {last}, {2**60 - 1} FROM ({_PLACES.format(at=hour)})"
    )


def _asked(address: Address, what: str, text: str, least: int) -> Result:
    seconds = _timed(address, text, least)
    return Result(
        name=f"lifetimes: {what}",
        value=statistics.median(seconds) * 1000,
        unit="ms",
        goal=Goal(op="<=", number=MOST_MS, of="value"),
        runs=tuple(each * 1000 for each in seconds),
    )


def _timed(address: Address, text: str, least: int) -> tuple[float, ...]:
    """Return how long a reader waits for an answer, which has so many rows, seconds."""
    with closing(Store(address._replace(user="default", token=None, password=""))) as reader:
        found = len(reader.query(text))
        assert found >= least, (text, found)
        (seconds,) = timed(lambda: reader.query(text), runs=3)
        return tuple(seconds)

"""What a host costs in fleets of any size, and how long maps of ten thousand hosts take.

Folds: simulated hosts with 200 connections each, through the stages and the JSON of every hop; time is that of the
processor, for a host and window of five seconds. The goal is that a host of a large fleet costs what one of a small
fleet does.

Maps: a store with ten thousand hosts of 1,000 services, a million connections between 120,000 processes, twelve windows
of them for the last minute; and three days, of which 30 are ten times as much. And a store with 150 hosts of 1,000
services: 15,500 pairs of processes, a month of roll-ups, read from and to times that are no whole day or hour.
"""

import statistics
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks.embedded import embedded_store
from benchmarks.result import Goal, Result, timed
from benchmarks.simulation import T0, WIDTH, of_layers
from graph.columns import ENDS
from graph.map import map_edges
from log.protocol import Record
from schemas.times import DAY_MS, HOUR_MS, MINUTE_MS
from simulation.place import place
from simulation.run import Simulation
from sinks.address import Address
from sinks.reconcile import reconcile
from sinks.store import Store, StoreError, create_database
from streams.stage import AttributeStage, PairStage

FLEETS = (100, 1_000)
WINDOWS = 13  # a keyframe, and a minute
SAME = 1.2  # what a host of the large fleet may cost, as a multiple
SERVICES = 1_000
MONTH = 30  # days
SOME_DAYS = 3  # of it


class Cost(NamedTuple):
    """Of a host and window: processor time, microseconds, and rows."""

    attribute: float
    pair: float
    sides: float


class Fleet(NamedTuple):
    """A fleet in a store: so many hosts, processes, and connections, each between another pair of processes."""

    hosts: int
    processes: int
    connections: int


LARGE, MIDDLE = Fleet(10_000, 120_000, 1_000_000), Fleet(150, 1_709, 15_500)


def run() -> list[Result]:
    return [*_folds(), *_maps_of_the_middle(), *_maps_of_the_large()]


def _folds() -> Iterator[Result]:
    small, large = (_cost(hosts) for hosts in FLEETS)
    names = [f"{hosts:,} hosts" for hosts in FLEETS]
    for fold in ("attribute", "pair"):
        yield Result(
            name=f"scale: {fold}, {names[1]}",
            value=getattr(large, fold),
            unit="us a host and window",
            against=names[0],
            against_value=getattr(small, fold),
            goal=Goal(op="<=", number=SAME),
        )
    yield Result(name=f"scale: sides, {names[1]}", value=large.sides, unit="rows a host and window")
    cores = FLEETS[1] * (large.attribute + large.pair) / (1_000 * WIDTH)
    yield Result(name=f"scale: folds of {names[1]}", value=cores, unit="cores")


def _cost(hosts: int) -> Cost:
    fleet = place(of_layers(hosts), 1)
    attribute, pair = AttributeStage(), PairStage()
    spent = [0.0, 0.0]
    sides_before = 0
    for nth, window in enumerate(Simulation(fleet, seed=1, start_ms=T0, width_ms=WIDTH).windows(WINDOWS)):
        if nth == 1:  # the first window has all that there is, once
            spent, sides_before = [0.0, 0.0], attribute.counters["sides"]
        began = time.process_time()
        sides = [
            Record("sides", 0, 0, one.timestamp, made.key, made.value)
            for one in window.records
            for made in attribute.feed(Record(one.topic, 0, 0, one.timestamp, one.key, one.value))
            if made.topic == "sides"
        ]
        between = time.process_time()
        for record in sides:
            pair.feed(record)
        spent = [spent[0] + between - began, spent[1] + time.process_time() - between]
    each = (WINDOWS - 1) * hosts
    sides_of_each = (attribute.counters["sides"] - sides_before) / each
    return Cost(1e6 * spent[0] / each, 1e6 * spent[1] / each, sides_of_each)


_UNITS = {"edges_1d": ("day", DAY_MS), "edges_1h": ("hour", HOUR_MS), "edges_1m": ("minute", MINUTE_MS)}
_WINDOW = f"""
    INSERT INTO edges (window, transport, verdict, width_ms, a_address, a_port, a_who, a_seen, b_address, b_port, b_who,
        b_seen, a_sent_bytes, a_received_bytes, b_sent_bytes, b_received_bytes)
    SELECT fromUnixTimestamp64Milli(%(at)s, 'UTC'), 'tcp', 4, {WIDTH},
        concat('10.1.', toString(server %% %(hosts)s %% 250), '.', toString(intDiv(server %% %(hosts)s, 250))),
        5000 + intDiv(server, %(hosts)s), {{server}}, 1,
        concat('10.2.', toString(client %% %(hosts)s %% 250), '.', toString(intDiv(client %% %(hosts)s, 250))),
        20000 + n %% 30000, {{client}}, 1, 3000 + n %% 911, 400, 400, 3000 + n %% 911
    FROM ({{pairs}})"""
_ROLLED_UP = f"""
    INSERT INTO {{table}} ({{unit}}, client, server, transport, server_port, width_ms, first, last, rule,
        client_service, client_name, client_host, server_service, server_name, server_host, connections_opened,
        connections_active, client_sent_bytes, client_received_bytes, server_sent_bytes, server_received_bytes,
        seen_by_client, seen_by_server, version)
    SELECT fromUnixTimestamp64Milli(%(at)s, 'UTC') AS at, {{client_node}}, {{server_node}}, 'tcp',
        5000 + intDiv(server, %(hosts)s), {WIDTH}, at, at + INTERVAL {{width}} - {WIDTH} MILLISECOND, 'listener',
        {{client_service}}, 'program', concat('h', toString(client %% %(hosts)s)),
        {{server_service}}, 'program', concat('h', toString(server %% %(hosts)s)),
        60, 1, 400000, 3000000 + n, 3000000 + n, 400000, 1, 1, 1
    FROM ({{pairs}})"""
_PAIRS = """
    SELECT number AS n, n %% %(processes)s AS client,
        (client + 1 + intDiv(n, %(processes)s) * 1009) %% %(processes)s AS server
    FROM numbers(%(connections)s)"""
_NEWEST = """
    INSERT INTO edges_1m (minute, client, server, transport, server_port, version)
    SELECT fromUnixTimestamp64Milli(%(at)s, 'UTC'), 'address:192.0.2.1', 'address:192.0.2.2', 'tcp', 1, 1"""
"""How far the roll-ups go."""


def _service(process: str) -> str:
    return f"concat('service', toString({process} %% {SERVICES}))"


def _node(process: str) -> str:
    return f"concat('process:h', toString({process} %% %(hosts)s), ':0b007b00:', toString({process}), ':7')"


def _who(process: str) -> str:
    fields = f"concat('00\\th', toString({process} %% %(hosts)s), '\\t', {_node(process)}, '\\t', {_service(process)}"
    return f"toLowCardinality({fields}, '\\tprogram\\t\\tscan\\t0'))"


def _fill(store: Store, fleet: Fleet, table: str, times: Iterable[int]) -> None:
    """Fill a table with rows of all connections of a fleet at each of some times."""
    if table == "edges":
        text = _WINDOW.format(server=_who("server"), client=_who("client"), pairs=_PAIRS)
    else:
        unit, width = _UNITS[table]
        ends = {f"{end}_{name}": of(end) for end in ENDS for name, of in (("node", _node), ("service", _service))}
        text = _ROLLED_UP.format(table=table, unit=unit, width=width, pairs=_PAIRS, **ends)
    for at in times:
        store.query(text, {"at": at, **fleet._asdict()})


@contextmanager
def stored() -> Iterator[tuple[Address, Store]]:
    """Run an empty store."""
    with tempfile.TemporaryDirectory(prefix="scale-") as name, embedded_store(Path(name)) as running:
        create_database(running.address)
        with closing(Store(running.address)) as store:
            reconcile(store)
            yield running.address, store


@contextmanager
def month_of_the_middle() -> Iterator[tuple[Address, int, int]]:
    """Run a store with a month of the fleet of 1,000 services; it begins and ends within an hour."""
    end = time.time_ns() // 1_000_000 // HOUR_MS * HOUR_MS
    day = end // DAY_MS * DAY_MS
    since = day - MONTH * DAY_MS + 10 * HOUR_MS - 17 * MINUTE_MS
    with stored() as (address, store):
        _fill(store, MIDDLE, "edges_1d", range(day - MONTH * DAY_MS, day, DAY_MS))
        of_hours = (*range(since - since % HOUR_MS, since + DAY_MS, HOUR_MS), *range(day - HOUR_MS, end, HOUR_MS))
        _fill(store, MIDDLE, "edges_1h", of_hours)
        of_minutes = (*range(since, since + HOUR_MS, MINUTE_MS), *range(end - 2 * HOUR_MS, end, MINUTE_MS))
        _fill(store, MIDDLE, "edges_1m", of_minutes)
        yield address, since, end - 19 * MINUTE_MS


def _maps_of_the_middle() -> Iterator[Result]:
    with month_of_the_middle() as (address, since, end):
        fleet = f"of {SERVICES:,} services, {MIDDLE.connections:,} edges"
        yield from _map(address, f"map {fleet}, last hour", end - HOUR_MS, end, 1)
        yield from _map(address, f"map {fleet}, 30 days", since, end, 1)


def _maps_of_the_large() -> Iterator[Result]:
    now = time.time_ns() // 1_000_000 // HOUR_MS * HOUR_MS
    day = now // DAY_MS * DAY_MS - DAY_MS
    with stored() as (address, store):
        _fill(store, LARGE, "edges", range(now - MINUTE_MS, now, WIDTH))
        _fill(store, LARGE, "edges_1d", range(day - SOME_DAYS * DAY_MS, day, DAY_MS))
        store.query(_NEWEST, {"at": now - 2 * MINUTE_MS})
        sizes = store.query(
            "SELECT table, sum(rows), sum(bytes_on_disk) FROM system.parts "
            "WHERE active AND database = currentDatabase() AND table IN ('edges', 'edges_1d') "
            "GROUP BY table ORDER BY table"
        )
        for table, rows, size in sizes:
            yield Result(name=f"scale: {table}, {rows / 1e6:.0f} million rows", value=size / rows, unit="B a row")
        fleet = f"of {LARGE.hosts:,} hosts by service"
        yield from _map(address, f"map {fleet}, last minute", now - MINUTE_MS, now, 1)
        month = f"map {fleet}, {MONTH} days (reckoned from {SOME_DAYS})"
        yield from _map(address, month, day - SOME_DAYS * DAY_MS, day, MONTH // SOME_DAYS)


def _map(address: Address, what: str, start: int, end: int, times: int) -> Iterator[Result]:
    """Yield how long a map takes, or that the store refuses it: what it needs may be more than a query may have."""
    try:
        seconds = [times * each for each in read_map_edges(address, start, end)]
    except StoreError as error:
        refused = f"scale: {what}: {str(error)[:60]}"
        yield Result(name=refused, value=0, unit="maps", goal=Goal(op=">=", number=1, of="value"))
    else:
        yield _result(what, seconds, 1_000)


def read_map_edges(address: Address, start: int, end: int) -> tuple[float, ...]:
    """Return how long the map takes, seconds."""
    with closing(Store(address._replace(user="default", token=None, password=""))) as reader:
        asked = {"from": start, "to": end, "service": "", "host": ""}
        text = map_edges("service", narrowed=False)
        found = len(reader.query(text, asked))
        assert found >= SERVICES, found
        (seconds,) = timed(lambda: reader.query(text, asked), runs=3)
        return seconds


def _result(what: str, seconds: list[float], goal: float) -> Result:
    return Result(
        name=f"scale: {what}",
        value=statistics.median(seconds) * 1000,
        unit="ms",
        goal=Goal(op="<=", number=goal, of="value"),
        runs=tuple(each * 1000 for each in seconds),
    )

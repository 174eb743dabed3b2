"""What a host costs in fleets of any size, and how long maps of ten thousand hosts take.

Folds: simulated hosts with 200 connections each, through the stages and the JSON of every hop; time is that of the
processor, for a host and window of five seconds. The goal is that a host of a large fleet costs what one of a small
fleet does.

Maps: a store with ten thousand hosts of 1,000 services, a million connections between 120,000 processes, twelve windows
of them for the last minute; and a day of hours, of which 30 days are thirty times as much.
"""

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from benchmarks.embedded import embedded_store
from benchmarks.result import Goal, Result, timed
from benchmarks.simulation import T0, WIDTH, of_layers
from graph.map import map_edges
from log.protocol import Record
from schemas.times import HOUR_MS, MINUTE_MS
from simulation.place import place
from simulation.run import Simulation
from sinks.address import Address
from sinks.reconcile import reconcile
from sinks.store import Store, StoreError, create_database
from streams.stage import AttributeStage, PairStage

FLEETS = (100, 1_000)
WINDOWS = 13  # a keyframe, and a minute
SAME = 1.2  # what a host of the large fleet may cost, as a multiple
HOSTS, SERVICES, PROCESSES, CONNECTIONS = 10_000, 1_000, 120_000, 1_000_000
HOURS = 24


class Cost(NamedTuple):
    """Of a host and window: processor time, microseconds, and rows."""

    attribute: float
    pair: float
    sides: float


def run() -> list[Result]:
    return [*_folds(), *_maps()]


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


_PROCESS = "concat('process:h', toString({it} %% {hosts}), ':0b007b00:', toString({it}), ':7')"
_SERVER = f"(client + 1 + intDiv(n, {PROCESSES}) * 1009) %% {PROCESSES}"
_WINDOW = f"""
    INSERT INTO edges (window, transport, verdict, width_ms, a_address, a_port, a_who, a_seen, b_address, b_port, b_who,
        b_seen, a_sent_bytes, a_received_bytes, b_sent_bytes, b_received_bytes)
    SELECT fromUnixTimestamp64Milli(%(at)s, 'UTC'), 'tcp', 4, {WIDTH},
        concat('10.1.', toString(server %% {HOSTS} %% 250), '.', toString(intDiv(server %% {HOSTS}, 250))),
        5000 + intDiv(server, {HOSTS}), {{server}}, 1,
        concat('10.2.', toString(client %% {HOSTS} %% 250), '.', toString(intDiv(client %% {HOSTS}, 250))),
        20000 + n %% 30000, {{client}}, 1, 3000 + n %% 911, 400, 400, 3000 + n %% 911
    FROM (SELECT number AS n, n %% {PROCESSES} AS client, {_SERVER} AS server FROM numbers({CONNECTIONS}))"""
_HOUR = f"""
    INSERT INTO edges_1h (hour, client, server, transport, server_port, width_ms, first, last, rule, client_service,
        client_name, client_host, server_service, server_name, server_host, connections_opened, connections_active,
        client_sent_bytes, client_received_bytes, server_sent_bytes, server_received_bytes, seen_by_client,
        seen_by_server, version)
    SELECT fromUnixTimestamp64Milli(%(at)s, 'UTC') AS at, {{client}}, {{server}}, 'tcp',
        5000 + intDiv(server_of, {HOSTS}), {WIDTH}, at, at + INTERVAL 3595 SECOND, 'listener',
        {{client_service}}, 'program',
        concat('h', toString(client_of %% {HOSTS})), {{server_service}}, 'program',
        concat('h', toString(server_of %% {HOSTS})), 60, 1, 400000, 3000000, 3000000, 400000, 1, 1, 1
    FROM (SELECT number AS n, n %% {PROCESSES} AS client_of, {{server_of}} AS server_of FROM numbers({CONNECTIONS}))"""
_ROLLED_UP = """
    INSERT INTO edges_1m (minute, client, server, transport, server_port, version)
    SELECT fromUnixTimestamp64Milli(%(at)s, 'UTC'), 'address:192.0.2.1', 'address:192.0.2.2', 'tcp', 1, 1"""
"""How far the roll-ups go."""


def _service(process: str) -> str:
    return f"concat('service', toString({process} %% {SERVICES}))"


def _node(process: str) -> str:
    return _PROCESS.format(it=process, hosts=HOSTS)


def _who(process: str) -> str:
    fields = f"concat('00\\th', toString({process} %% {HOSTS}), '\\t', {_node(process)}, '\\t', {_service(process)}"
    return f"toLowCardinality({fields}, '\\tprogram\\t\\tscan\\t0'))"


def _maps() -> Iterator[Result]:
    now = time.time_ns() // 1_000_000 // HOUR_MS * HOUR_MS
    with tempfile.TemporaryDirectory(prefix="scale-") as name, embedded_store(Path(name)) as running:
        create_database(running.address)
        with closing(Store(running.address)) as store:
            reconcile(store)
            text = _WINDOW.format(server=_who("server"), client=_who("client"))
            for nth in range(MINUTE_MS // WIDTH):
                store.query(text, {"at": now - MINUTE_MS + nth * WIDTH})
            columns = {end: _node(f"{end}_of") for end in ("client", "server")}
            columns |= {f"{end}_service": _service(f"{end}_of") for end in ("client", "server")}
            hour = _HOUR.format(server_of=_SERVER.replace("client", "client_of"), **columns)
            for nth in range(1, HOURS + 1):
                store.query(hour, {"at": now - nth * HOUR_MS - 24 * HOUR_MS})
            store.query(_ROLLED_UP, {"at": now - 2 * MINUTE_MS})
            sizes = store.query(
                "SELECT table, sum(rows), sum(bytes_on_disk) FROM system.parts "
                "WHERE active AND database = currentDatabase() AND table IN ('edges', 'edges_1h') "
                "GROUP BY table ORDER BY table"
            )
        for table, rows, size in sizes:
            yield Result(name=f"scale: {table}, {rows / 1e6:.0f} million rows", value=size / rows, unit="B a row")
        fleet = f"of {HOSTS:,} hosts by service"
        yield from _map(running.address, f"map {fleet}, last minute", now - MINUTE_MS, now, 1)
        day = f"map {fleet}, 30 days (reckoned from one)"
        yield from _map(running.address, day, now - 48 * HOUR_MS, now - 24 * HOUR_MS, 30)


def _map(address: Address, what: str, start: int, end: int, times: int) -> Iterator[Result]:
    """Yield how long a map takes, or that the store refuses it: what it needs may be more than a query may have."""
    try:
        seconds = [times * each for each in _read(address, start, end)]
    except StoreError as error:
        refused = f"scale: {what}: {str(error)[:60]}"
        yield Result(name=refused, value=0, unit="maps", goal=Goal(op=">=", number=1, of="value"))
    else:
        yield _result(what, seconds, 1_000)


def _read(address: Address, start: int, end: int) -> tuple[float, ...]:
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

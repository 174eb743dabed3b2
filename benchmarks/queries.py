"""How long a map takes to be read from a store with ten million rows of edges, by the hour and over 30 days."""

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.embedded import embedded_store
from benchmarks.result import Goal, Result, timed
from graph.map import map_edges
from graph.node_graph_edges import graph_edges
from graph.node_graph_nodes import graph_nodes
from schemas.times import HOUR_MS, MINUTE_MS
from sinks.address import Address
from sinks.reconcile import reconcile
from sinks.rollup import Rollup
from sinks.store import Store, create_database

PAIRS, WIDTH_MS, DAY_MS = 500, 5_000, 24 * HOUR_MS
SPREAD_DAYS, LONG_DAYS = 14, 30
RUNS = 3
MAP = map_edges("service", narrowed=False)
DENSE = 14_000  # rows a window: ten million an hour

_WHO = """toLowCardinality(concat('00\\thost', toString({end} % 50), '\\tprocess:host', toString({end} % 50),
            ':0b007b00:', toString({end}), ':7\\tservice', toString({end}), '\\tprogram\\t\\tscan\\t0'))"""
# 500 pairs of 100 clients and 50 servers on 50 hosts.
_PAIRS = f"""
    SELECT
        number AS pair, pair % 100 AS client, 100 + intDiv(pair, 100) * 10 + pair % 10 AS server,
        toLowCardinality(concat('10.0.1.', toString(client))) AS b_address,
        toLowCardinality(concat('10.0.0.', toString(server))) AS a_address,
        {_WHO.format(end="server")} AS a_who,
        {_WHO.format(end="client")} AS b_who
    FROM numbers({PAIRS})"""
_COLUMNS = (
    "window, transport, verdict, width_ms, a_address, a_port, a_who, a_seen, b_address, b_port, b_who, b_seen, "
    "b_opened, a_sent_bytes, a_received_bytes, b_sent_bytes, b_received_bytes, a_sent_segments, "
    "b_sent_segments, b_rtt_us"
)
_ROWS = f"""INSERT INTO edges ({_COLUMNS})
    SELECT
        fromUnixTimestamp64Milli(toInt64({{start}} + {{at}}), 'UTC'), 'tcp', 4, {WIDTH_MS},
        a_address, 5000 + server, a_who, 1, b_address, 20000 + {{connection}}, b_who, 1,
        {{opened}}, 3000 + n % 911, 400 + n % 97, 400 + n % 97, 3000 + n % 911, 9, 7, 900 + n % 211
    FROM ({_PAIRS}) AS pairs
    CROSS JOIN (SELECT number AS n FROM numbers({{count}})) AS moments
    SETTINGS max_insert_threads = 2, max_partitions_per_insert_block = 100"""


def _spread(store: Store, end: int) -> None:
    """Ten million rows over two weeks: each pair has news once a minute."""
    for day in range(SPREAD_DAYS):
        # Every ten minutes a pair has another connection.
        minute, port = f"n * {MINUTE_MS} + pair % 12 * {WIDTH_MS}", "pair * 60 + intDiv(n, 10) % 60"
        start = end - (SPREAD_DAYS - day) * DAY_MS
        store.query(_ROWS.format(start=start, at=minute, connection=port, opened="n % 10 = 0", count=1440))


def _dense(store: Store, end: int) -> None:
    """Ten million rows within the last hour: each pair has 28 connections all the time."""
    at = f"n * {WIDTH_MS}"
    for number in range(DENSE // PAIRS):  # one after the other: the memory of the store is bounded
        port = f"pair * 60 + {number} * 2 + intDiv(n, 120) % 2"
        store.query(_ROWS.format(start=end - HOUR_MS, at=at, connection=port, opened="n % 120 = 0", count=720))


def _rolled_up(store: Store, end: int, table: str, unit: int, since: int) -> None:
    """Roll-ups of pairs that talk all the time, of days, hours or minutes that are not in the store below any more."""
    time_of = {"edges_1m": "minute", "edges_1h": "hour", "edges_1d": "day"}[table]
    store.query(
        f"INSERT INTO {table} ({time_of}, client, server, transport, server_port, width_ms, first, last, rule, "
        "client_service, client_name, client_host, server_service, server_name, server_host, connections_opened, "
        "connections_active, client_sent_bytes, client_received_bytes, server_sent_bytes, server_received_bytes, "
        "client_sent_segments, server_sent_segments, client_rtt_us, seen_by_client, seen_by_server, version) "
        f"SELECT fromUnixTimestamp64Milli(toInt64({since} + n * {unit}), 'UTC') AS at, "
        "splitByChar('\\t', toString(b_who))[3], splitByChar('\\t', toString(a_who))[3], 'tcp', 5000 + server, "
        f"{WIDTH_MS}, at, at + INTERVAL {unit - WIDTH_MS} MILLISECOND, 'connected', "
        "concat('service', toString(client)), 'program', concat('host', toString(client % 50)), "
        "concat('service', toString(server)), 'program', concat('host', toString(server % 50)), "
        "60, 28, 400000, 3000000, 3000000, 400000, 9000, 7000, 1000, 1, 1, 1 "
        f"FROM ({_PAIRS}) AS pairs "
        f"CROSS JOIN (SELECT number AS n FROM numbers({(end - since) // unit})) AS moments"
    )


def _read(address: Address, start: int, end: int, text: str) -> tuple[int, tuple[float, ...]]:
    """Return how many rows a query of a map by service has, and how long it takes, seconds."""
    reader = Store(address._replace(user="default", token=None, password=""))
    asked: dict[str, Any] = {"from": start, "to": end, "level": "service", "service": "", "host": ""}
    asked |= {"focus": "", "hops": "1"}
    try:
        rows = len(reader.query(text, asked))
        (seconds,) = timed(lambda: reader.query(text, asked), runs=RUNS)
    finally:
        reader.close()
    return rows, seconds


def _result(what: str, seconds: tuple[float, ...], goal: float | None) -> Result:
    return Result(
        name=f"queries: {what}",
        value=statistics.median(seconds) * 1000,
        unit="ms",
        goal=None if goal is None else Goal(op="<=", number=goal, of="value"),
        runs=tuple(each * 1000 for each in seconds),
    )


def run() -> list[Result]:
    """Read maps of the last hour and of 30 days; the newest two minutes are not rolled up, as in a running store."""
    now = time.time_ns() // 1_000_000 // MINUTE_MS * MINUTE_MS
    newest = now - 2 * MINUTE_MS
    with tempfile.TemporaryDirectory(prefix="queries-") as name, embedded_store(Path(name)) as running:
        address = running.address
        create_database(address)
        store = Store(address)
        reconcile(store)
        hour = now // HOUR_MS * HOUR_MS
        _spread(store, now)
        _rolled_up(store, hour, "edges_1h", HOUR_MS, hour - LONG_DAYS * DAY_MS)
        day = now // DAY_MS * DAY_MS
        _rolled_up(store, day, "edges_1d", DAY_MS, day - LONG_DAYS * DAY_MS)
        Rollup(store, lambda: now + MINUTE_MS).roll_up_all(now - 2 * HOUR_MS, newest)
        (rows,) = store.query("SELECT count() FROM edges")[0]
        edges, by_hour = _read(address, now - HOUR_MS, now, MAP)
        _, by_month = _read(address, hour - LONG_DAYS * DAY_MS, now, MAP)
        assert edges == PAIRS
        _, by_graph_edges = _read(address, now - HOUR_MS, now, graph_edges())
        _, by_graph_nodes = _read(address, now - HOUR_MS, now, graph_nodes())
        store.query("TRUNCATE TABLE edges")
        store.query("TRUNCATE TABLE edges_1m")
        _dense(store, now)
        _rolled_up(store, newest, "edges_1m", MINUTE_MS, now - 2 * HOUR_MS)
        _, by_dense_hour = _read(address, now - HOUR_MS, now, MAP)
        store.close()
    million = f"{rows / 1e6:.0f} million rows"
    return [
        _result(f"map of the last hour, {million} in two weeks", by_hour, 300),
        _result("the same as Grafana's node graph: edges", by_graph_edges, 300),
        _result("the same as Grafana's node graph: nodes", by_graph_nodes, 300),
        _result("map of 30 days", by_month, 1000),
        _result("map of the last hour, 10 million rows in it", by_dense_hour, None),
    ]

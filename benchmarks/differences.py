"""How long it takes to find what differs between two hours of a large system, and what the answer has to be."""

import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.embedded import embedded_store
from benchmarks.result import Goal, Result, timed
from graph.differing.reading import read_difference
from graph.differing.stretches import Range
from schemas.times import HOUR_MS
from sinks.reconcile import reconcile
from sinks.store import Store, create_database

RUNS, HOURS, EACH = 3, 16, 12  # hours that are stored; edges of a service
SLOW, NEW = 7, 11  # one service answers later in the last hour; as many edges are new in it
GOALS_MS = {1_000: 1_000, 10_000: 3_000}  # by services

_ENDS = """
    SELECT number, number % {services} AS c, (c + 1 + intDiv(number, {services}) * 37) % {services} AS s,
        concat('host', toString(c % {hosts})) AS ch, concat('host', toString(s % {hosts})) AS sh
    FROM numbers({edges})"""
_WHO = """
    concat('process:', ch, ':0b007b00:', toString(c), ':7'), concat('process:', sh, ':0b007b00:', toString(s), ':7'),
    'tcp', 5000 + s % 1000, concat('service', toString(c)), 'program', ch,
    concat('service', toString(s)), 'program', sh"""
_NAMED = (
    "client, server, transport, server_port, client_service, client_name, client_host, server_service, server_name, "
    "server_host"
)
_EDGES = f"""INSERT INTO edges_1h (hour, {_NAMED}, width_ms, first, last, rule, connections_opened, connections_active,
        client_sent_bytes, client_received_bytes, server_sent_bytes, server_received_bytes, client_sent_segments,
        server_sent_segments, client_rtt_us, seen_by_client, seen_by_server, version)
    SELECT fromUnixTimestamp64Milli(toInt64({{at}}), 'UTC') AS at, {_WHO}, 5000, at, at + INTERVAL 3595 SECOND,
        'connected', 3600 + cityHash64(number, {{at}}) % 300, 28,
        400000 + cityHash64(number, {{at}}) % 90000, 3000000, 3000000, 400000, 9000, 7000, 1000, 1, 1, 1
    FROM ({_ENDS})"""
_REQUESTS = f"""INSERT INTO requests_1h (hour, {_NAMED}, sampling, requests, errors, by, latency, version)
    SELECT fromUnixTimestamp64Milli(toInt64({{at}}), 'UTC'), {_WHO}, 1,
        36000 + cityHash64(number, {{at}}) % 3000 AS asked, 1, map('GET 2xx', asked),
        map(400 + {{later}} * (s = {SLOW}), 10000, 410, 20000, 420 + {{later}} * (s = {SLOW}), 6000), 1
    FROM ({_ENDS})"""
_BEATS = """INSERT INTO host_usage (window, host, width_ms)
    SELECT fromUnixTimestamp64Milli(toInt64({at}) + w * 5000, 'UTC'), concat('host', toString(n)), 5000
    FROM (SELECT number AS n FROM numbers({hosts})) AS hosts CROSS JOIN (SELECT number AS w FROM numbers(720)) AS ws"""


def run() -> list[Result]:
    """Compare two hours that are three apart, in stores of their own."""
    return [_measured(services, goal) for services, goal in GOALS_MS.items()]


def _measured(services: int, goal: int) -> Result:
    hour = time.time_ns() // 1_000_000 // HOUR_MS * HOUR_MS
    before, after = Range(hour - 4 * HOUR_MS, hour - 3 * HOUR_MS), Range(hour - 2 * HOUR_MS, hour - HOUR_MS)
    with tempfile.TemporaryDirectory(prefix="differences-") as name, embedded_store(Path(name)) as running:
        create_database(running.address)
        store = Store(running.address)
        reconcile(store)
        for at in range(hour - HOURS * HOUR_MS, hour, HOUR_MS):
            later = at >= after.start
            size = {"services": services, "hosts": services // 5, "edges": services * EACH + (NEW if later else 0)}
            store.query(_EDGES.format(at=at, **size))
            store.query(_REQUESTS.format(at=at, later=200 * later, **size))
            if at in (before.start, after.start):
                store.query(_BEATS.format(at=at, **size))
        # Roll-ups are read as far as minutes go; the newest is here, as in a running store.
        store.query(
            "INSERT INTO edges_1m (minute, client, server) VALUES (%(at)s, 'a', 'b')", {"at": hour // 1000 - 60}
        )
        reader = Store(running.address._replace(user="default", token=None, password=""))
        found = read_difference(reader, "service", before, after).difference.edges
        kinds = {kind: sum(one.kind == kind for one in found) for kind in ("appeared", "vanished", "changed")}
        assert kinds == {"appeared": NEW, "vanished": 0, "changed": EACH}, kinds
        (seconds,) = timed(lambda: read_difference(reader, "service", before, after), runs=RUNS)
        reader.close()
        store.close()
    return Result(
        name=f"diff of two hours, {services:,} services",
        value=statistics.median(seconds) * 1000,
        unit="ms",
        goal=Goal(op="<=", number=goal, of="value"),
        runs=tuple(each * 1000 for each in seconds),
    )

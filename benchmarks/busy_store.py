"""An hour of a busy system in a real store: hosts, processes, and edges that carry something in every window.

The windows are stored one by one and in their order, as the sink stores them: what a query of the last minute has to
read depends on it.
"""

import time

from schemas.times import HOUR_MS
from sinks.address import Address
from sinks.reconcile import reconcile
from sinks.rollup import Rollup
from sinks.store import Store, create_database

NODES, EDGES, HOSTS, WINDOWS, WIDTH_MS = 1_000, 5_000, 50, 720, 5_000
SCENE = f"{NODES:,} nodes, {EDGES:,} edges"

_AT = "fromUnixTimestamp64Milli(%(at)s, 'UTC')"
_PROCESS = f"concat('process:id-', toString({{it}} %% {HOSTS}), ':0b007b00:', toString({{it}}), ':7')"
_WHO = f"""toLowCardinality(concat('00\\tid-', toString({{it}} %% {HOSTS}), '\\t', {_PROCESS},
    '\\tservice', toString({{it}} %% 60), '\\tprogram', toString({{it}}), '\\t\\tscan\\t0'))"""
_SERVER = f"(client * 7 + intDiv(n, {NODES}) * 131 + 1) %% intDiv({NODES} * (1 + n %% 4), 4)"
_WINDOW = (
    f"""
    INSERT INTO edges (window, transport, verdict, width_ms, a_address, a_port, a_who, a_seen, b_address, b_port, b_who,
        b_seen, b_opened, a_sent_bytes, a_received_bytes, b_sent_bytes, b_received_bytes)
    SELECT {_AT}, 'tcp', 4, {WIDTH_MS},
        concat('10.1.', toString(intDiv(server, 250)), '.', toString(server %% 250)), 5000 + server,
        {_WHO.format(it="server")}, 1,
        concat('10.2.', toString(intDiv(client, 250)), '.', toString(client %% 250)), 10000 + n,
        {_WHO.format(it="client")}, 1,
        1, 3000 + n %% 911, 400, 400, 3000 + n %% 911
    FROM (SELECT number AS n, n %% {NODES} AS client, {_SERVER} AS server FROM numbers({EDGES}))""",
    f"""
    INSERT INTO host_usage (window, host, width_ms, load1, cpu_ratio, agent_cpu_ms, agent_rss_bytes)
    SELECT {_AT}, concat('id-', toString(number)), {WIDTH_MS}, 1, 0.5, 20, 22000000 FROM numbers({HOSTS})""",
)
_HOSTS = f"""
    INSERT INTO hosts (host, seen, hostname, os, cpus)
    SELECT concat('id-', toString(number)), {_AT}, concat('host', toString(number)), 'Debian GNU/Linux 12', 8
    FROM numbers({HOSTS})"""
_NODES = f"""
    INSERT INTO nodes (hour, node, seen, host, hostname, pid, started, parent, service, name, user, exe, cmdline)
    SELECT toStartOfHour({_AT}), {_PROCESS.format(it="number")}, {_AT}, concat('id-', toString(number %% {HOSTS})),
        concat('host', toString(number %% {HOSTS})), number, {_AT} - INTERVAL 1 DAY, 1,
        concat('service', toString(number %% 60)), concat('program', toString(number)), 'www-data',
        concat('/usr/bin/program', toString(number)),
        concat('/usr/bin/program', toString(number), ' --listen 0.0.0.0:', toString(5000 + number), ' --workers 4')
    FROM numbers({NODES})"""


def fill(address: Address) -> None:
    """Fill an embedded store; takes a minute or two."""
    create_database(address)
    store = Store(address)
    reconcile(store)
    end = time.time_ns() // 1_000_000 // WIDTH_MS * WIDTH_MS
    for nth in range(WINDOWS):
        for statement in _WINDOW:
            store.query(statement, {"at": end - (WINDOWS - nth) * WIDTH_MS})
    store.query(_HOSTS, {"at": end})
    for at in (end - HOUR_MS, end):
        store.query(_NODES, {"at": at})
    rollup = Rollup(store)
    rollup.resume()
    rollup.roll_up()
    while store.query("SELECT count() FROM system.merges") != [(0,)]:  # an hour that comes at once is merged at once
        time.sleep(0.2)
    store.close()

"""What it costs the store to plan the query of a map, when there is nothing to read: as we send it, and as it is."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from psutil import Process

from benchmarks.embedded import embedded_store
from benchmarks.queries import MAP
from benchmarks.result import Goal, Result
from graph.edges import EdgeRow
from sinks.reconcile import reconcile
from sinks.store import Store, create_database

RUNS, QUERIES = 7, 5


def run() -> list[Result]:
    now = time.time_ns() // 1_000_000
    hour = {"from": now - 3_600_000, "to": now}
    with tempfile.TemporaryDirectory(prefix="planning-") as name, embedded_store(Path(name)) as running:
        create_database(running.address)
        store = Store(running.address)
        reconcile(store)
        process = Process(running.pid)
        ours, plain = [], []
        for _ in range(RUNS):
            ours.append(_cpu_ms(process, lambda: store.rows(EdgeRow, MAP, hour)))
            plain.append(_cpu_ms(process, lambda: store.query(MAP, hour)))
        store.close()
    return [
        Result(
            name="CPU to plan a map",
            value=min(ours),
            unit="ms",
            against="with all of ClickHouse's rewrites",
            against_value=min(plain),
            goal=Goal(op="<=", number=0.85),
            runs=tuple(ours),
        )
    ]


def _cpu_ms(process: Process, work: Callable[[], object]) -> float:
    before = sum(process.cpu_times()[:2])
    for _ in range(QUERIES):
        work()
    return (sum(process.cpu_times()[:2]) - before) * 1000 / QUERIES

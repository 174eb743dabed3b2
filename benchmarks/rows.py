"""What an open connection costs to keep, for an hour: rows and bytes in the log and in the store.

Two hosts report the connections between them for an hour of windows: idle (in keyframes alone), seldom (also once a
minute between them), and busy (counters in every window). Folds, log, sink and store are the real ones. Bytes are as
stored, the store's after its merges; what hosts cost without any connection is measured first, and left out. `kept` is
what a connection takes in all places once the oldest of it is deleted, beside a log that keeps derived records a day.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from benchmarks.connection import HOSTS, is_whole, paired, process, window
from benchmarks.embedded import embedded_store
from benchmarks.result import Result
from log.local import LocalLog
from log.protocol import Record
from schemas import topics
from schemas.times import HOUR_MS
from sinks.reconcile import reconcile
from sinks.sink import Sink
from sinks.store import Store, create_database
from sinks.tables import DAYS
from streams.stage import AttributeStage, PairStage

WINDOWS = 720
CONNECTIONS, SERVERS = 200, 10
KINDS: dict[str, Callable[[int, int], bool]] = {  # whether a connection carries something in a window
    "idle": lambda number, at: False,
    "seldom": lambda number, at: (at + number) % 12 == 6,
    "busy": lambda number, at: True,
}
LOGGED = (topics.CONNECTIONS, topics.SIDES, topics.EDGES)
STORED = "store edges"
RATE = "a connection-hour"


class Kept(NamedTuple):
    """What an hour left in one place."""

    rows: int
    size: int


def run() -> list[Result]:
    """Measure each kind in a log and a store of its own."""
    bare = measured(0, KINDS["idle"])
    results = []
    for kind, carries in KINDS.items():
        found = measured(CONNECTIONS, carries)
        sizes = {place: (kept.size - bare[place].size) / CONNECTIONS for place, kept in found.items()}
        for place, kept in found.items():
            results.append(Result(name=f"{kind}, {place}", value=kept.rows / CONNECTIONS, unit=f"rows {RATE}"))
            results.append(Result(name=f"{kind}, {place}: bytes", value=sizes[place], unit=f"B {RATE}"))
        now, before = (_kept(sizes, read_early) / 1000 for read_early in (True, False))
        against = "kB with derived records kept a day"
        results.append(
            Result(name=f"{kind}, kept", value=now, unit="kB a connection", against=against, against_value=before)
        )
    return results


def _kept(sizes: dict[str, float], read_early: bool) -> float:
    """Return the bytes that one connection takes in all places, given those of an hour in each."""
    hours = {topic.name: ((read_early and topic.read_ms) or topic.retention_ms) / HOUR_MS for topic in LOGGED}
    logged = sum(sizes[f"log {name}"] * count for name, count in hours.items())
    return logged + sizes[STORED] * DAYS * 24


def measured(count: int, carries: Callable[[int, int], bool]) -> dict[str, Kept]:
    """Return what an hour of connections takes in the log's topics and in the store."""
    start = int(time.time() * 1000) // HOUR_MS * HOUR_MS - 2 * HOUR_MS
    with tempfile.TemporaryDirectory(prefix="rows-") as name, embedded_store(Path(name) / "store") as running:
        create_database(running.address)
        with closing(Store(running.address)) as store, closing(LocalLog(Path(name) / "log.sqlite")) as log:
            reconcile(store)
            log.create(topics.ALL)
            rows = _fold(log, Sink(store, lambda record, reason: None), count, carries, start)
            store.query("OPTIMIZE TABLE edges FINAL")
            sizes = {info.name: info.size_bytes or 0 for info in log.topics()}
            kept = {f"log {topic.name}": Kept(rows[topic.name], sizes[topic.name]) for topic in LOGGED}
            ((stored, size),) = store.query(
                "SELECT sum(rows), sum(bytes_on_disk) FROM system.parts WHERE active AND table = 'edges'"
            )
            return kept | {STORED: Kept(stored, size)}


def _fold(log: LocalLog, sink: Sink, count: int, carries: Callable[[int, int], bool], start: int) -> dict[str, int]:
    """Log, fold and store an hour; return the rows of each topic."""
    random = Random(1)
    attribute, pair = AttributeStage(), PairStage()
    rows = dict.fromkeys((topic.name for topic in LOGGED), 0)
    for at in range(WINDOWS):
        for host in HOSTS:
            reported = [
                paired(host, number + 1, 1_000 + number % SERVERS, 33_000 + number, start, random if carried else None)
                for number in range(count)
                if (carried := carries(number, at)) or is_whole(at)
            ]
            rows["connections"] += len(reported)
            for record in _window(host, at, start, count, reported):
                _append(log, record)
                for emitted in attribute.feed(record):
                    forwarded = Record(emitted.topic, 0, at, record.timestamp, emitted.key, emitted.value)
                    _append(log, forwarded)
                    for edges in pair.feed(forwarded) if emitted.topic == "sides" else ():
                        made = Record(edges.topic, 0, at, record.timestamp, edges.key, edges.value)
                        _append(log, made)
                        sink.add(made)
        log.flush()  # as often as agents do
        if sink.rows > 40_000:
            sink.flush()
    sink.flush()
    log.flush()
    rows |= {"sides": attribute.counters["sides"], "edges": pair.counters["edges"]}
    return rows


def _append(log: LocalLog, record: Record) -> None:
    log.append(record.topic, record.key, record.value, timestamp=record.timestamp)


def _window(host: int, at: int, start: int, count: int, connections: list[tuple[Any, ...]]) -> Iterator[Record]:
    pids = range(1_000, 1_000 + SERVERS)
    listening = pids if host == 0 else ()
    owners = [(number + 1, 1_000 + number % SERVERS, 5) for number in range(count)]
    return window(
        host,
        at,
        start,
        connections=connections,
        owners=owners + [(100_000 + pid, pid, 5) for pid in listening] if is_whole(at) else (),
        listeners=[(100_000 + pid, 6, "0.0.0.0", pid, 0, 0) for pid in listening] if is_whole(at) else (),
        processes=[process(pid, f"app-{pid}", start - HOUR_MS) for pid in pids] if is_whole(at) else (),
    )

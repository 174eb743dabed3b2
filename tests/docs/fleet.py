"""A simulated shop, a week ago and in the last minutes, with what went wrong: of it the cookbook is asked."""

import time

from log.protocol import Record
from schemas import topics
from schemas.overlays import DIGITS
from schemas.times import DAY_MS, HOUR_MS, MINUTE_MS
from servicemap.replay.folding import Refold
from servicemap.simulated.plan import Plan, made
from sinks.rollup import Rollup
from sinks.store import Store
from sinks.tables import TABLES
from tests.graph.flows import End, flow, stored

WIDTH = 5_000
WEEK_MS = 7 * DAY_MS
SILENT = "us-east-1-zoneB-3"
FAULTS = (
    "slow@postgres:4m+3m*20",
    "errors@catalog:2m+2m*0.2",
    "loss@web:3m+2m*0.05",
    "hang@recommend:5m+1m",
    "redeploy@cart:3m",
    "kill@mailer:3m+2m",
    "partition@web > redis-sessions:5m+1m",
    f"agent@{SILENT}:6m",
)
CATALOG, API = End("10.0.9.1", 40_000, "old", 8, "catalog"), End("10.0.9.2", 80, "older", 9, "api")
OUTSIDE = End("203.0.113.80", 443)


def fill(store: Store, now: int) -> None:
    """Fill a store with some minutes of a week before, and with those up to a time, ms."""
    now = now // WIDTH * WIDTH
    simulate(store, Plan(architecture="shop", start_ms=now - WEEK_MS - 3 * MINUTE_MS, windows=36))
    simulate(store, Plan(architecture="shop", start_ms=now - 8 * MINUTE_MS, windows=96, faults=FAULTS))
    at = now - 3 * MINUTE_MS
    apart = flow(CATALOG, API, window=at, sent_bytes=1_000) | {"a_received_bytes": 500}
    stored(store, flow(CATALOG, OUTSIDE, window=at, sent_bytes=1_000), apart)
    for table, row in _more(now).items():
        store.insert(table, {name: [value] for name, value in row.items()})
    rollup = Rollup(store, lambda: time.time_ns() // 1_000_000)
    rollup.resume()
    rollup.roll_up()


def simulate(store: Store, plan: Plan) -> None:
    """Store what the folds make of a plan."""
    folds = Refold(store, (), partitions=1)
    folds.into(TABLES)
    number = 0
    for window in made(plan).windows:
        for one in window.records:
            record = Record(one.topic, 0, number, one.timestamp, one.key, one.value)
            (folds.feed if topics.BY_NAME[one.topic].folded else folds.store)(record)
            number += 1
    folds.flush()
    assert folds.counters["unusable"] == 0


def _more(now: int) -> dict[str, dict[str, object]]:
    """Return what is not simulated: an owner, an older image, an agent that lacks a right."""
    word = f'{now - WEEK_MS:0{DIGITS}}{{"value": {{"team": "data"}}, "author": "somebody"}}'
    before = now - DAY_MS
    process = {"node": "process:old:0b007b00:7:7", "host": "old", "pid": 7, "started": before - HOUR_MS}
    return {
        "annotations": {"overlay": "owner", "target": "service=postgres", "valid_from": now - WEEK_MS, "word": word},
        "nodes": {
            **process,
            "hour": before // HOUR_MS * HOUR_MS,
            "seen": before,
            "service": "catalog",
            "image": "shop/catalog:1.8",
        },
        "host_usage": {"window": now - MINUTE_MS, "host": "narrow", "missing": {"owners": "root"}},
    }

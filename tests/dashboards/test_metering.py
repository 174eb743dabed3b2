"""The sink reports how the pipeline fares, once a minute, and never stops for it."""

import time
from contextlib import closing

import pytest

from schemas.times import MINUTE_MS
from schemas.topics import DEAD_LETTERS, HEARTBEATS
from servicemap.config import Config
from servicemap.connect import connect_log
from servicemap.metering import Meter
from servicemap.parts import store_address
from sinks.address import Address
from sinks.reconcile import reconcile
from sinks.sink import Sink
from sinks.store import Store, create_database
from tests.dashboards.conftest import Recorded

pytestmark = pytest.mark.slow

NOW = int(time.time() * 1000) // MINUTE_MS * MINUTE_MS


def metered(store: Store) -> dict[str, float]:
    rows = store.query("SELECT measure, value FROM pipeline FINAL WHERE minute = (SELECT max(minute) FROM pipeline)")
    return {str(measure): float(value) for measure, value in rows}


def test_lateness_and_dead_letters_are_reported_once_a_minute(config: Config, recorded: Recorded) -> None:
    address = store_address(config, write=True)._replace(database="metered")
    create_database(address)
    clock = [NOW]
    with closing(Store(address)) as store, closing(connect_log(config)) as log:
        reconcile(store)
        meter = Meter(log, store, Sink(store, lambda record, reason: None), lambda: clock[0])
        store.insert("host_usage", {"window": [NOW - 10_000], "host": ["h"], "width_ms": [5_000]})
        store.insert("edges", {"window": [NOW - 30_000], "transport": ["tcp"], "width_ms": [5_000]})
        meter.measure()
        assert metered(store) == {}, "no minute has ended"

        clock[0] += MINUTE_MS
        meter.measure()
        assert metered(store) == {"facts_late": 65, "edges_late": 85}, "growth is since the minute before"

        log.append(DEAD_LETTERS.name, b"h", b"{}")
        log.flush()
        clock[0] += MINUTE_MS
        meter.measure()
        meter.measure()
        assert metered(store) == {
            "facts_late": 125, "edges_late": 145, "dead_letters": 1, "refused": 0, "store_retries": 0,
        }  # fmt: skip
        assert log.bounds(HEARTBEATS.name, 0).end > 0


def test_a_store_that_is_away_is_no_reason_to_stop(config: Config, recorded: Recorded) -> None:
    clock = [NOW]
    with (
        closing(Store(Address("127.0.0.1", 1, "default", "", "servicemap"))) as away,
        closing(connect_log(config)) as log,
    ):
        meter = Meter(log, away, Sink(away, lambda record, reason: None), lambda: clock[0])
        clock[0] += MINUTE_MS
        meter.measure()

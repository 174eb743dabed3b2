"""From simulated windows to a store that holds their map: the folds and the sink of this process, and no host."""

import time
from collections.abc import Callable, Iterable
from contextlib import closing

from msgspec import Struct

from log.protocol import Log, Record
from schemas import topics
from servicemap.config import Config
from servicemap.options import Failure
from servicemap.parts import locate
from servicemap.replay.folding import Refold
from simulation.records import SimWindow
from simulation.truth import TrueWindow
from sinks.reconcile import reconcile
from sinks.rollup import Rollup
from sinks.store import Store, StoreError, create_database
from sinks.tables import TABLES


class Filled(Struct):
    """What came of a simulation."""

    windows: int = 0
    records: int = 0
    rows: int = 0
    unusable: int = 0


def fill(config: Config, windows: Iterable[SimWindow], log: Log | None, take: Callable[[TrueWindow], None]) -> Filled:
    """Fold windows into the store of a configuration, and keep their records in a log, if any; `take` the truth."""
    try:
        create_database(locate(config))
        with closing(Store(locate(config))) as store:
            reconcile(store)
            return _fold(store, config, windows, log, take)
    except StoreError as error:
        raise Failure(str(error)) from None


def _fold(
    store: Store, config: Config, windows: Iterable[SimWindow], log: Log | None, take: Callable[[TrueWindow], None]
) -> Filled:
    folds = Refold(store, config.services.rules, partitions=1)
    folds.into(TABLES)
    filled = Filled()
    for window in windows:
        take(window.truth)
        for one in window.records:
            if log is not None:
                log.append(one.topic, one.key, one.value, timestamp=one.timestamp)
            record = Record(one.topic, 0, filled.records, one.timestamp, one.key, one.value)
            if not topics.BY_NAME[one.topic].folded:
                folds.store(record)
            else:
                folds.feed(record)
            filled.records += 1
        filled.windows += 1
    folds.flush()
    rollup = Rollup(store, lambda: time.time_ns() // 1_000_000)
    rollup.resume()
    store.persist(rollup.roll_up)
    filled.rows, filled.unusable = folds.counters["rows"], folds.counters["unusable"]
    return filled

"""Running the sink: poll, buffer, store, commit."""

import time

from schemas.logged import Logged
from servicemap.config import Config
from servicemap.log.protocol import GroupBusy, Log
from servicemap.options import Failure
from servicemap.parts import connect_log, store_address
from servicemap.process import stop_event, tune_memory
from sinks.migrate import migrate
from sinks.sink import MAX_ROWS, TOPICS, Sink
from sinks.store import Store, StoreError, create_database
from streams.stage import dead_letter

GROUP = "servicemap-store"
MAX_SECONDS = 1.0  # rows wait for company no longer than this
POLL_RECORDS = 500


def run_sink(config: Config) -> None:
    """Store what is logged until a signal; what was logged by then is stored before it returns."""
    stop = stop_event()
    log = connect_log(config)
    address = store_address(config, write=True)
    store = Store(address)
    try:
        create_database(address, stop.is_set)
        store.persist(lambda: _migrate(store), stop.is_set)
        reader = log.reader(TOPICS, GROUP)
    except (StoreError, GroupBusy) as error:
        raise Failure(str(error)) from None
    sink = Sink(store, lambda record, reason: bury(log, record, reason), stop.is_set)
    tune_memory()
    waiting_since = time.monotonic()
    while True:
        stopping = stop.is_set()
        records = reader.poll(0.25, POLL_RECORDS)
        if not sink.rows:
            waiting_since = time.monotonic()
        for record in records:
            sink.add(record)
        waited = time.monotonic() - waiting_since >= MAX_SECONDS
        if sink.rows >= MAX_ROWS or waited or (stopping and not records):
            _store(sink)
            reader.commit()
            waiting_since = time.monotonic()
        if stopping and not records:
            break
    reader.close()
    store.close()
    log.close()


def bury(log: Log, record: Logged, reason: str) -> None:
    """Write the dead letter of a record that cannot be stored."""
    letter = dead_letter("store", record, reason)
    log.append(letter.topic, letter.key, letter.value)


def _store(sink: Sink) -> None:
    try:
        sink.flush()
    except StoreError as error:
        raise Failure(str(error)) from None


def _migrate(store: Store) -> None:
    migrate(store)

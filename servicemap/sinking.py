"""Running the sink: poll, buffer, store, roll up, commit."""

import logging
import math
import os
import time
from collections.abc import Callable, Iterable
from functools import partial
from threading import Event
from typing import TypeVar

from log.protocol import GroupBusy, Log, LogUnavailable, Reader, Record
from servicemap.config import Config
from servicemap.connect import connect_log
from servicemap.exposing import exposed
from servicemap.metering import Meter
from servicemap.options import Failure
from servicemap.part_samples import of_sink
from servicemap.parts import STORE_GROUP, TABLES, locate, store_address
from servicemap.process import SUPERVISED, stop_event, tune_memory
from servicemap.retention.noting import Noting
from servicemap.room import Room
from sinks.names import HostNames
from sinks.reconcile import reconcile
from sinks.rollup import Rollup
from sinks.sink import MAX_ROWS, Sink
from sinks.store import Store, StoreError, create_database
from sinks.tables import TOPICS
from streams.stage import dead_letter

logger = logging.getLogger(__name__)
Done = TypeVar("Done")

HURRIED_SECONDS = 0.5  # rows that people wait for wait for company no longer than this
PATIENT_SECONDS = 10.0  # and no row longer than this: on an idle machine inserts are most of the work
POLL_RECORDS = 500
RETRY_SECONDS = 1.0


def run_sink(config: Config) -> None:
    """Store what is logged until a signal; what was logged by then is stored before it returns."""
    stop = stop_event()
    log = connect_log(config)
    address = store_address(config, write=True)
    find = partial(locate, config)
    store = Store(address, locate=find)
    try:
        create_database(address, stop.is_set, find)
        store.persist(lambda: _reconcile(store), stop.is_set)
        rollup = Rollup(store)
        store.persist(rollup.resume, stop.is_set)
        reader = log.reader(TOPICS, STORE_GROUP)
        room = Room(config, store)
    except (StoreError, GroupBusy) as error:
        raise Failure(str(error)) from None
    if SUPERVISED in os.environ:
        (config.directory / TABLES).touch()
    names = HostNames(log)

    def dead(record: Record, reason: str) -> None:
        _held(lambda: bury(log, record, reason), stop)

    def stored(table: str, times: Iterable[int]) -> None:
        rollup.mark(table, room.recent(times))

    sink = Sink(store, dead, stop.is_set, stored=stored, names=names, since=room.since)
    meter = Meter(log, store, sink)
    noting = Noting(config, log)
    tune_memory()
    with exposed(config, "sink", lambda: [*of_sink(config, sink, store, rollup, meter, STORE_GROUP), *room.samples()]):
        _drain(sink, reader, rollup, store, log, meter, room, noting, stop)
    noting.close()
    room.close()
    reader.close()
    store.close()
    log.close()


def _drain(
    sink: Sink,
    reader: Reader,
    rollup: Rollup,
    store: Store,
    log: Log,
    meter: Meter,
    room: Room,
    noting: Noting,
    stop: Event,
) -> None:
    """Poll, buffer, store, roll up and commit until a stop, and then until nothing is left."""
    committed, hurried, open_ended = -math.inf, time.monotonic(), False
    while True:
        stopping = stop.is_set()
        records = _held(lambda: reader.poll(0.25, POLL_RECORDS), stop)
        for record in records:
            _held(partial(sink.add, record), stop)
        open_ended = open_ended or bool(records)
        now = time.monotonic()
        if (open_ended and now - committed >= PATIENT_SECONDS) or (stopping and not records):
            _store(sink, patient=True)
            _roll_up(rollup, store, stop.is_set)
            _held(log.flush, stop)  # what was buried
            _commit(reader)
            # What storing took does not count: a store that needs ten seconds for that would else be asked again after
            # every few records, and never catch up.
            committed, open_ended = time.monotonic(), False
            room.tend()  # when all that is stored is rolled up, too
            hurried = committed
        elif sink.rows >= MAX_ROWS:
            _store(sink, patient=True)
            hurried = time.monotonic()
        elif not sink.hurries():
            hurried = now
        elif now - hurried >= HURRIED_SECONDS:
            _store(sink, patient=False)
            hurried = time.monotonic()
        meter.measure()
        noting.tend()
        if stopping and not records:
            break


def bury(log: Log, record: Record, reason: str) -> None:
    """Write the dead letter of a record that cannot be stored."""
    letter = dead_letter("store", record, reason)
    log.append(letter.topic, letter.key, letter.value)


def _held(work: Callable[[], Done], stop: Event) -> Done:
    """Wait while the log cannot be used, instead of ending."""
    logged = False
    while True:
        try:
            return work()
        except LogUnavailable as error:
            if stop.is_set():
                raise
            if not logged:
                logger.warning("the log cannot be used, trying again: %s", error)
            logged = True
            stop.wait(RETRY_SECONDS)


def _commit(reader: Reader) -> None:
    """Commit what is stored; if that cannot be, the next time commits it too, and what is read again does no harm."""
    try:
        reader.commit()
    except LogUnavailable as error:
        logger.warning("%s", error)


def _store(sink: Sink, *, patient: bool) -> None:
    try:
        sink.flush(patient=patient)
    except StoreError as error:
        raise Failure(str(error)) from None


def _roll_up(rollup: Rollup, store: Store, given_up: Callable[[], bool]) -> None:
    try:
        store.persist(rollup.roll_up, given_up)
    except StoreError as error:
        raise Failure(str(error)) from None


def _reconcile(store: Store) -> None:
    reconcile(store)

"""`store rebuild`: the embedded store thrown away and made anew from the log, beside a running `up` or without one.

Beside a running one, the store's process is stopped with a word left behind (`discard`), and the supervisor starts it
again: it puts its files aside and begins with none. Collecting, folding and storing go on meanwhile. What was logged so
far is folded anew into the live tables: rows merge, whichever process stores them, in any order.
"""

import heapq
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import psutil
from msgspec import Struct

from log.connect import partitions_of
from log.protocol import Bounds, Log, Record
from schemas import topics
from servicemap.browsing import existing_log
from servicemap.config import Config
from servicemap.directory import held, is_held, owner
from servicemap.options import Failure
from servicemap.parts import locate, store_directory
from servicemap.replay.folding import Refold
from servicemap.store_alone import START_SECONDS, await_store, store_alone
from sinks.embedded.folder import DISCARD, Folder, StartError, holder, newest_aside
from sinks.reconcile import reconcile
from sinks.rollup import Rollup
from sinks.store import Store, StoreError, create_database
from sinks.tables import TABLES

CHECK_RECORDS = 200  # between two words on progress

Report = Callable[["Progress"], None]


class Progress(Struct):
    """How far it is."""

    step: str
    records: int = 0
    expected: int = 0
    rows: int = 0


class Outcome(Struct):
    """What it did. `since`: when the oldest record was logged, ms; `aside`: where the old store is now."""

    records: int
    rows: int
    since: int
    aside: str


def rebuild(config: Config, report: Report) -> Outcome:
    """Throw the store away and make it anew. Failure states the remedy."""
    refuse_server(config)
    with closing(existing_log(config)) as log, _emptied(config, report) as live:
        try:
            return _fill(config, log, live, report)
        except StoreError as error:
            raise Failure(f"the rebuild was interrupted ({error}): run `servicemap store rebuild` again") from None


def refuse_server(config: Config) -> None:
    """Failure unless the store is the embedded one."""
    if config.store.url:
        raise Failure("only the embedded store can be rebuilt: for a ClickHouse server, use `servicemap replay`")


@contextmanager
def _emptied(config: Config, report: Report) -> Iterator[bool]:
    """Run an empty store, that of the `up` that runs or one for this alone; yield whether it is the former."""
    folder = store_directory(config)
    report(Progress("emptying the store"))
    if is_held(config.directory):
        _restart_empty(folder)
        await_store(config)
        yield True
        return
    with held(config.directory, lambda sentence: report(Progress(sentence))):
        try:
            with closing(Folder(folder)) as kept:
                kept.discard()
        except StartError as error:
            raise Failure(str(error)) from None
        with store_alone(config):
            yield False


def _restart_empty(folder: Path) -> None:
    """Have the supervisor start the store again, with nothing in it."""
    (folder / DISCARD).touch(mode=0o600)
    deadline = time.monotonic() + START_SECONDS / 2
    number = signal.SIGTERM
    while (folder / DISCARD).exists():
        pid = holder(folder)
        if pid:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        if time.monotonic() > deadline:  # a damaged engine may not end by itself
            number = signal.SIGKILL
            deadline += START_SECONDS
        time.sleep(0.2)


def _fill(config: Config, log: Log, live: bool, report: Report) -> Outcome:
    address = locate(config)
    create_database(address)
    with closing(Store(address, locate=lambda: locate(config))) as store:
        store.persist(lambda: _reconcile(store))
        refold = Refold(store, config.services.rules, partitions_of(log))
        refold.into(TABLES)
        progress, since = Progress("folding the log"), 0
        places = {
            (name, number): log.bounds(name, number)
            for name, number in (
                (topic.name, number) for topic in _READ for number in range(_partitions(log, topic.name))
            )
        }
        progress.expected = sum(end - first for first, end in places.values())
        for record in _records(log, places):
            since = since or record.timestamp
            if topics.BY_NAME[record.topic] in topics.UNFOLDED:
                refold.store(record)
            else:
                refold.feed(record)
            progress.records += 1
            if progress.records % CHECK_RECORDS == 0:
                progress.rows = refold.counters["rows"]
                report(progress)
        refold.flush()
        progress.rows = refold.counters["rows"]
        report(Progress("summing up", progress.records, progress.expected, progress.rows))
        _sum_up(config, store, live)
        aside = newest_aside(store_directory(config))
        return Outcome(progress.records, progress.rows, since, str(aside) if aside else "")


_READ = (*topics.RAW, *topics.UNFOLDED)


def _partitions(log: Log, name: str) -> int:
    return next((info.partitions for info in log.topics() if info.name == name), 0)


def _records(log: Log, places: dict[tuple[str, int], Bounds]) -> Iterator[Record]:
    """Iterate what is logged, oldest first."""
    streams = [log.read(*place, bounds.first, bounds.end) for place, bounds in places.items()]
    return heapq.merge(*streams, key=lambda record: record.timestamp)


def _sum_up(config: Config, store: Store, live: bool) -> None:
    """Roll up minutes and hours that are complete. Later ones are left to a sink, which first reads what is stored."""
    rollup = Rollup(store)
    for table in ("edges", "requests"):
        rows = store.query(f"SELECT DISTINCT toUnixTimestamp(toStartOfMinute(window)) FROM {table}")
        rollup.mark(table, [seconds * 1000 for (seconds,) in rows])
    store.persist(rollup.roll_up)
    if live:
        _restart_sink(config)


def _restart_sink(config: Config) -> None:
    """End the sink of the `up` that runs; its supervisor starts it again."""
    with suppress(psutil.Error):
        for child in psutil.Process(owner(config.directory)).children():
            if child.cmdline()[3:4] == ["sink"]:
                child.terminate()


def _reconcile(store: Store) -> None:
    reconcile(store)

"""`store rebuild`: the embedded store thrown away and made anew from the log, beside a running `up` or without one.

Beside a running one, the store's process is stopped with a word left behind (`discard`), and the supervisor starts it
again: it puts its files aside and begins with none. Collecting, folding and storing go on meanwhile. What was logged so
far is folded anew into the live tables: rows merge, whichever process stores them, in any order.
"""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import msgspec
import psutil
from msgspec import Struct

from log.protocol import Log
from servicemap.browsing import existing_log
from servicemap.config import Config
from servicemap.directory import held, is_held, owner
from servicemap.options import Failure
from servicemap.parts import locate, store_directory
from servicemap.replay.whole import Progress, Report, fold_all, sum_up
from servicemap.store_alone import START_SECONDS, await_store, store_alone
from sinks.embedded.folder import DISCARD, Folder, StartError, holder, newest_aside
from sinks.reconcile import reconcile
from sinks.store import Store, StoreError, create_database
from sinks.tables import TABLES


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
        done = fold_all(log, store, config.services.rules, TABLES, report)
        report(msgspec.structs.replace(done, step="summing up"))
        sum_up(store)
        if live:
            _restart_sink(config)  # it begins with what is not summed up yet
        aside = newest_aside(store_directory(config))
        return Outcome(done.records, done.rows, done.since, str(aside) if aside else "")


def _restart_sink(config: Config) -> None:
    """End the sink of the `up` that runs; its supervisor starts it again."""
    with suppress(psutil.Error):
        for child in psutil.Process(owner(config.directory)).children():
            if child.cmdline()[3:4] == ["sink"]:
                child.terminate()


def _reconcile(store: Store) -> None:
    reconcile(store)

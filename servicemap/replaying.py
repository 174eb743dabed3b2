"""Running a replay: read, fold, compare, and swap in if asked to."""

import fcntl
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct, field

from graph.stored import Dropped
from log.connect import partitions_of
from log.protocol import Log
from schemas.private import Unsafe, private_folder
from schemas.times import HOUR_MS, iso
from schemas.topics import HEARTBEATS
from servicemap.config import Config
from servicemap.connect import connect_log
from servicemap.options import Failure, NothingMatches
from servicemap.parts import store_address
from servicemap.records import logged_times
from servicemap.replay import fresh
from servicemap.replay.catching_up import caught_up
from servicemap.replay.comparing import Difference, compare
from servicemap.replay.folding import Refold
from servicemap.replay.promoting import Promotion, finish
from servicemap.replay.reading import Reading
from servicemap.replay.span import REPLAYED, Span, folded
from sinks import dropping
from sinks.store import Store, StoreError
from sinks.table import Table
from streams.rewind import STRETCH_MS

CHECK_RECORDS = 200  # between two words on progress


class Progress(Struct):
    """How far a replay is."""

    step: str
    records: int = 0
    expected: int = 0
    windows: int = 0
    rows: int = 0


class Outcome(Struct):
    """What a replay found and did. Times in ms; `missing_before`: rows from records before this may be missing.

    `room_made`: those records were dropped before their time, to make room on the disk.
    """

    start: int
    end: int
    records: int = 0
    windows: int = 0
    rows: int = 0
    unusable: int = 0
    behind: bool = False
    missing_before: int | None = None
    room_made: bool = False
    promoted: bool = False
    tables: dict[str, Difference] = field(default_factory=dict)

    @property
    def differs(self) -> bool:
        """Return whether anything would change."""
        return any(table.differs for table in self.tables.values())


class Replay:
    """One replay. The log and the store are open; `report` is called with its progress."""

    def __init__(self, config: Config, log: Log, store: Store, span: Span, report: Callable[[Progress], None]) -> None:
        self._log = log
        self._store = store
        self._span = span
        self._report = report
        self._progress = Progress("reading")
        number = format(time.time_ns() // 1_000_000, "x")
        self._about = {"replay": number, "by": socket.gethostname(), "began": int(number, 16)}
        partitions = partitions_of(log)
        self._reading = Reading(log, partitions, span, self._owed())
        self._refold = Refold(store, config.services.rules, partitions)
        self.outcome = Outcome(*span)

    def run(self, *, promote: bool, force: bool) -> None:
        """Read, compare and perhaps promote; whatever happens, only the live tables are left."""
        try:
            sets = {role: self._tables(role) for role in ("folded", "stood", "moving")}
            self._fold(sets)
            self._compare(sets)
            if promote and self.outcome.differs:
                self._promote(force)
        finally:
            self._clean()

    def _owed(self) -> set[str]:
        where = next(self._span.where(table) for table in REPLAYED if table.name == "host_usage")
        return {host for (host,) in self._store.query(f"SELECT DISTINCT host FROM host_usage WHERE {where}")}

    def _tables(self, role: str) -> list[Table]:
        made = [f"{table.name}_replay_{self._about['replay']}_{role}" for table in REPLAYED]
        for table, name in zip(REPLAYED, made, strict=True):
            fresh.create(self._store, table.name, name, self._about)
        return [folded(table, name, self._span) for table, name in zip(REPLAYED, made, strict=True)]

    def _fold(self, sets: dict[str, list[Table]]) -> None:
        outcome = self.outcome
        outcome.missing_before = self._reading.missing_since
        outcome.room_made = room_made(self._store, outcome.missing_before)
        self._progress.expected = self._reading.expected()
        self._refold.into(sets["folded"])
        self._read("reading")
        self._step("waiting for the live folds")
        outcome.behind = not caught_up(self._log, self._reading.at)
        self._step("comparing")
        for table, stood in zip(REPLAYED, sets["stood"], strict=True):
            for partition in filter(self._span.touches, fresh.partitions(self._store, table.name)):
                self._store.query(f"ALTER TABLE {stood.name} ATTACH PARTITION ID '{partition}' FROM {table.name}")
        self._refold.into(sets["folded"], sets["moving"])
        self._read("reading on")
        outcome.records, outcome.windows = self._reading.done, self._reading.windows
        outcome.rows, outcome.unusable = self._refold.counters["rows"], self._refold.counters["unusable"]

    def _read(self, step: str) -> None:
        for number, record in enumerate(self._reading.records()):
            self._refold.feed(record)
            if number % CHECK_RECORDS == 0:
                self._step(step)
        self._refold.flush()

    def _compare(self, sets: dict[str, list[Table]]) -> None:
        for table, *names in zip(REPLAYED, sets["folded"], sets["stood"], sets["moving"], strict=True):
            new, old, moving = (made.name for made in names)
            self.outcome.tables[table.name] = compare(self._store, table, new, old, moving, self._span)

    def _promote(self, force: bool) -> None:
        begins = self.outcome.missing_before
        if begins is not None and not force:
            raise Failure(
                f"the log begins at {iso(begins)}, too late for this range{reason(self.outcome.room_made)}: begin"
                " later, or lose what only the store still has with --force"
            )
        differing = [table for table in REPLAYED if self.outcome.tables[table.name].differs]
        Promotion(self._store, self._log, self._span, self._about, self._step).run(
            differing, self._reading, self._refold
        )
        self.outcome.promoted = True

    def _step(self, step: str) -> None:
        progress = self._progress
        progress.step, progress.records, progress.windows = step, self._reading.done, self._reading.windows
        progress.rows = self._refold.counters["rows"]
        self._report(progress)

    def _clean(self) -> None:
        """Drop the tables beside the live ones, unless the swap was broken off: then they are still needed."""
        self._store.close()  # what was interrupted on its connection is not known
        names = fresh.comments(self._store)
        if not any(names.get(table.name) for table in REPLAYED):
            fresh.drop(self._store, fresh.leftovers(names))


def replay(
    config: Config, start: int, end: int, report: Callable[[Progress], None], *, promote: bool, force: bool
) -> Outcome:
    """Replay [start, end), ms. Failure states the remedy."""
    span = Span.widened(start, end, config.collectors.window_ms)
    if span.start >= span.end:
        raise Failure(f"--from {iso(start)} is not before --to {iso(end)}: give a range")
    store_address(config, write=True)  # fails at once when there is none, before a directory is made for it
    if config.store.cluster.name:
        raise Failure("a replay swaps the tables of one server: a store with store.cluster.name cannot take it")
    with _alone(config.directory):
        log = connect_log(config, create=False)
        store = Store(store_address(config, write=True))
        try:
            _logged(log, store, span)
            _foreign(store)
            finish(store, log, lambda step: report(Progress(step)))
            run = Replay(config, log, store, span, report)
            run.run(promote=promote, force=force)
        except StoreError as error:
            raise Failure(str(error)) from None
        finally:
            store.close()
            log.close()
    return run.outcome


def _logged(log: Log, store: Store, span: Span) -> None:
    """Refuse a range of which the log cannot hold anything: before its first record, or after its last one."""
    times = logged_times(log, HEARTBEATS.name)
    if times and (span.end <= times.first - STRETCH_MS or span.start > times.last):
        raise NothingMatches(
            f"the log holds nothing from {iso(span.start)} to {iso(span.end)}: its records were logged from"
            f" {iso(times.first)} to {iso(times.last)}{reason(room_made(store, times.first))}"
        )


def room_made(store: Store, begins: int | None) -> bool:
    """Return whether the log begins at a time, ms, because older records were dropped to make room on the disk."""
    gone = dropping.noted(store).get(Dropped.LOG)
    return gone is not None and begins is not None and begins < gone.until + HOUR_MS


def reason(made: bool) -> str:
    """Return why the log begins so late, where it is known."""
    return " (older records were dropped to make room on the disk: disk.percent)" if made else ""


def _foreign(store: Store) -> None:
    """Leave the tables of another machine's replay alone: it may be running."""
    for name, about in fresh.comments(store).items():
        if about and about["by"] != socket.gethostname():
            raise Failure(
                f"{name} belongs to a replay on {about['by']} that began {iso(about['began'])}: let it end, or if it"
                " was killed, run `servicemap replay` there again"
            )


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the one right to replay from this data directory."""
    try:
        private_folder(folder)
    except Unsafe as error:
        raise Failure(str(error)) from None
    except OSError as error:
        raise Failure(f"cannot write to {folder} ({error.strerror}): give a directory with --data") from None
    descriptor = os.open(folder / "replay.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(descriptor)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = os.pread(descriptor, 20, 0).decode().strip()
        raise Failure(f"process {pid} is already running a replay: wait until it has ended, or stop it") from None
    os.pwrite(descriptor, f"{os.getpid():<20}".encode(), 0)

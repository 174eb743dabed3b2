"""Swapping what a replay folded into the live tables, beside a sink that goes on inserting.

Each table that would change is built anew as a whole: untouched hours are linked from the live table (no copy), the
hours of the range hold what was folded for it and what stands outside it. Then the names of all these tables are
exchanged in one statement, which takes a few milliseconds: a query sees a table as it was or as it is to be, never a
mixture; for those milliseconds one table may be new while the next is not. ClickHouse knows nothing stronger across
tables.

What the sink inserts while the new tables are built goes into the old ones. All of it comes from records that the sink
had not committed when building began, so these are stored once more, from the log: into the new tables before the swap,
and what has come since again after it. Rows merge, so nothing counts twice. Rows of the range itself come from the
replay's own folds, which read on to the same ends: with another naming rule the live folds' rows would be mixed in.

If it is killed before the swap, the live tables are as they were, and the next replay drops the rest. If it is killed
after the swap, even half way through, the comments of the new tables show that (with where to read the log again from),
and the next replay completes it before it does anything else. The old tables stay until then.
"""

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from log.protocol import Log, Record
from servicemap.replay import fresh
from servicemap.replay.catching_up import derived_ends, stored_so_far
from servicemap.replay.folding import Refold
from servicemap.replay.reading import Place, Reading
from servicemap.replay.span import REPLAYED, Span, inside, outside
from sinks.rollup import Rollup
from sinks.sink import MAX_ROWS, Sink
from sinks.store import Store
from sinks.table import Table

Step = Callable[[str], None]


class Promotion:
    """One swap. `about` is what is written onto tables: who replays, and what."""

    def __init__(self, store: Store, log: Log, span: Span, about: dict[str, Any], step: Step) -> None:
        self._store = store
        self._log = log
        self._span = span
        self._about = about
        self._step = step

    def run(self, tables: Sequence[Table], reading: Reading, refold: Refold) -> None:
        """Build the tables anew and exchange them; whatever happens, no row is lost."""
        at = stored_so_far(self._log)
        about = {**self._about, "span": self._span, "offsets": [[*place, offset] for place, offset in at.items()]}
        new = {table.name: fresh.create(self._store, table.name, self._name(table), about) for table in tables}
        for table in tables:
            self._step(f"building {table.name}")
            self._build(table, new[table.name])
        self._step("following the log")
        rollup = Rollup(self._store)
        at = self._follow(tables, new, at, reading, refold, rollup)
        with uninterrupted():
            self._step("swapping")
            self._store.query(f"EXCHANGE TABLES {', '.join(f'{live} AND {name}' for live, name in new.items())}")
            self._step("following the log after the swap")
            self._follow(tables, {table.name: table.name for table in tables}, at, reading, refold, rollup)
        self._step("rolling up")
        roll_up(rollup, tables, self._span)
        with uninterrupted():
            self._step("cleaning up")
            settle(self._store, [table.name for table in tables])

    def _name(self, table: Table) -> str:
        return f"{table.name}_replay_{self._about['replay']}"

    def _build(self, table: Table, new: str) -> None:
        within = self._span.where(table)
        for partition in sorted(
            {name for source in (table.name, f"{new}_folded") for name in fresh.partitions(self._store, source)}
        ):
            if not self._span.touches(partition):
                self._store.query(f"ALTER TABLE {new} ATTACH PARTITION ID '{partition}' FROM {table.name}")
                continue
            at = f"_partition_id = '{partition}'"
            for source, rows in ((table.name, f"NOT {within}"), (f"{new}_folded", within)):
                self._store.query(f"INSERT INTO {new} SELECT * FROM {source} FINAL WHERE {at} AND {rows}")

    def _follow(
        self,
        tables: Sequence[Table],
        names: dict[str, str],
        at: dict[Place, int],
        reading: Reading,
        refold: Refold,
        rollup: Rollup,
    ) -> dict[Place, int]:
        """Store what was logged since: outside the range what the sink stores, in it what the folds here emit."""
        ends = derived_ends(self._log)
        store_again(self._store, self._log, [outside(t, names[t.name], self._span) for t in tables], at, ends, rollup)
        refold.into([inside(table, names[table.name], self._span) for table in tables])
        for record in reading.records():
            refold.feed(record)
        refold.flush()
        return ends


def finish(store: Store, log: Log, step: Step) -> None:
    """Bring a promotion that was killed to its end, or drop what it has not swapped in yet."""
    comments = fresh.comments(store)
    about = next((comments[table.name] for table in REPLAYED if comments.get(table.name)), None)
    if about is not None:
        step("finishing a replay that was killed")
        with uninterrupted():
            rollup = Rollup(store)
            tables = _finish(store, log, about, comments, rollup)
        roll_up(rollup, tables, Span(*about["span"]))
        with uninterrupted():
            marked = fresh.comments(store)
            settle(store, [table.name for table in REPLAYED if marked.get(table.name)])
    fresh.drop(store, fresh.leftovers(fresh.comments(store)))


def _finish(
    store: Store, log: Log, about: dict[str, Any], comments: dict[str, dict[str, Any]], rollup: Rollup
) -> list[Table]:
    span, tables = Span(*about["span"]), []
    for table in REPLAYED:
        other = f"{table.name}_replay_{about['replay']}"
        if comments.get(other, {}).get("offsets"):
            store.query(f"EXCHANGE TABLES {table.name} AND {other}")
        if other in comments:
            tables.append(table)
    at = {(topic, partition): offset for topic, partition, offset in about["offsets"]}
    forgotten = any(log.bounds(*place).first > offset for place, offset in at.items())
    if forgotten:  # all of the old table is copied
        for table in tables:
            other = f"{table.name}_replay_{about['replay']}"
            for partition in fresh.partitions(store, other):
                rows = f"_partition_id = '{partition}' AND NOT {span.where(table)}"
                store.query(f"INSERT INTO {table.name} SELECT * FROM {other} FINAL WHERE {rows}")
    store_again(store, log, tables, at, derived_ends(log), rollup)
    return tables


def roll_up(rollup: Rollup, tables: Sequence[Table], span: Span) -> None:
    """Roll up what was swapped in, and what was stored beside it."""
    rollup.roll_up()
    if any(table.name in {"edges", "requests", "nodes", "events"} for table in tables):
        rollup.roll_up_all(*span)


def settle(store: Store, tables: Sequence[str]) -> None:
    """Take the marks off tables that are swapped in: from here on the old ones may be dropped."""
    for name in tables:
        store.query(f"ALTER TABLE {name} MODIFY COMMENT ''")


def store_again(
    store: Store,
    log: Log,
    tables: Sequence[Table],
    start: dict[Place, int],
    stop: dict[Place, int],
    rollup: Rollup,
) -> None:
    """Store records of the derived topics once more, and mark them for the roll-up."""
    sink = Sink(store, _passed_over, tables=tables, stored=rollup.mark)
    wanted = {table.topic for table in tables}
    for (topic, partition), end in stop.items():
        if topic not in wanted:
            continue
        for record in log.read(topic, partition, start.get((topic, partition), 0), end):
            sink.add(record)
            if sink.rows >= MAX_ROWS:
                sink.flush()
    sink.flush()


def _passed_over(record: Record, reason: str) -> None:
    """Pass over a record that cannot be stored: the live sink has buried it."""


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let Ctrl-C wait: this takes a moment, and stopping in it would leave work for the next replay."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

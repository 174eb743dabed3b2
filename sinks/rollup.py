"""Roll edges, and the requests on them, up to minutes, hours and days, from the rows below them.

Nothing is added up as it comes. Whenever rows of a minute are stored, late or again, the whole minute is rolled up anew
from `edges FINAL`, and a row that no longer results (its address has become a process) gets a tombstone. So the roll-up
is a function of the rows below it, whatever came when and how often.

A minute is rolled up when it has ended and late facts about it have become rare. What comes later is rolled up before
the offsets of its records are committed. So a reader finds everything up to the newest minute in the roll-up, and
younger rows in `edges`. The clock decides when work is done and never its result: sinks side by side wait for each
other's rows.

Requests are rolled up with every minute of edges, which name their client and server, and before it: so the newest
minute of edges is also that of requests. Where there are no requests, this costs one look.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from random import SystemRandom

from graph.columns import KEY
from schemas.codec import MAX_AHEAD_MS
from schemas.times import HOUR_MS, MINUTE_MS
from sinks.levels import LEVELS, MINUTES, REQUEST_MINUTES, Level, between
from sinks.lifetimes import Lifetimes
from sinks.store import Store, StoreError

log = logging.getLogger(__name__)

GRACE_MS = 75_000  # an owner is found up to 12 windows late (streams/attribute.py), and then takes some seconds to come
STANDING_MS = 2 * MINUTE_MS  # for how long places name the host of an end (graph/places.py)
LASTING_MS = HOUR_MS  # for how long they name the last listener, of failed connects and of UDP
LONGEST_MS = 10 * MINUTE_MS  # that one statement rolls up: ten minutes of thousands of edges fit into any memory

_CHANGED = {"edges": (REQUEST_MINUTES, MINUTES), "requests": (REQUEST_MINUTES,)}  # which minutes a table's rows change
_ABOVE = {below: level for level in LEVELS for below in LEVELS if level.below == below.name}
_SETTINGS = (
    # Compiling takes longer than running, for wide statements and small ones (40 ms, to look for a version).
    "SETTINGS compile_expressions = 0, compile_aggregate_expressions = 0, compile_sort_description = 0, "
    # The time is in the key, so that it may choose rows before FINAL merges them: minutes of an hour and not all of it.
    "optimize_move_to_prewhere_if_final = 1"
)
_random = SystemRandom()


class Rollup:
    """The roll-ups of a store. The sink marks what it stores, and rolls up what is due before offsets are committed."""

    def __init__(self, store: Store, now: Callable[[], int] = lambda: time.time_ns() // 1_000_000) -> None:
        self.counters: Counter[str] = Counter()
        self._store = store
        self._now = now
        self._lifetimes = Lifetimes(store, now, self.counters)
        self._placed: set[int] = set()  # minutes of places that came late
        self._due: dict[Level, set[int]] = {level: set() for level in LEVELS}

    def mark(self, table: str, times: Iterable[int]) -> None:
        """Mark the times, ms, of rows of a table that have been stored."""
        times = list(times)
        self._lifetimes.mark(table, times)
        starts = {at // MINUTE_MS * MINUTE_MS for at in times}
        if table in _CHANGED:
            self._add(starts, *_CHANGED[table])
        elif table == "places":  # a minute's places name ends of later minutes, many of which may be rolled up already
            now = self._now()
            after = range(0, STANDING_MS + MINUTE_MS, MINUTE_MS)
            self._add({at + late for at in starts for late in after if at + late <= now}, *_CHANGED["edges"])
            self._placed |= {at for at in starts if at + STANDING_MS + MINUTE_MS <= now}

    def resume(self) -> None:
        """Mark all that is stored and may not be rolled up: from the newest that is on, which may lack rows.

        Rows of a time to come, of a clock gone wrong or of a stranger, do not count as rolled up, and are not to be.
        """
        end = f"fromUnixTimestamp64Milli({self._now() + MAX_AHEAD_MS}, 'UTC')"
        for level in LEVELS:
            ((newest,),) = self._store.query(
                f"SELECT toUnixTimestamp64Milli(max({level.unit})) FROM {level.name} WHERE {level.unit} < {end}"
            )
            rows = self._store.query(
                f"SELECT DISTINCT toUnixTimestamp({level.start}({level.time})) FROM {level.below} "
                f"WHERE {level.time} >= fromUnixTimestamp64Milli({max(newest, 0)}, 'UTC') AND {level.time} < {end}"
            )
            self._add({seconds * 1000 for (seconds,) in rows}, *_CHANGED.get(level.below, (level,)))
        self._lifetimes.resume()

    def roll_up(self) -> None:
        """Roll up what is due, and make the days of lifetimes; StoreError when the store fails.

        One that cannot be rolled up because of its rows is skipped and counted.
        """
        self._mark_missed()
        for level in LEVELS:
            self._roll_up_level(level)
        self._lifetimes.make()

    def roll_up_all(self, low: int, high: int) -> None:
        """Roll up all of [low, high), ms, that is due, whether marked or not."""
        minutes = range(low // MINUTE_MS * MINUTE_MS, high, MINUTE_MS)
        self._add(set(minutes), *_CHANGED["edges"])
        self._lifetimes.mark("nodes", minutes)
        self.roll_up()

    def _mark_missed(self) -> None:
        """Mark the minutes with failed connects or unresolved UDP servers that places which came late may name."""
        if not self._placed:
            return
        low, high = min(self._placed), min(max(self._placed) + LASTING_MS + MINUTE_MS, self._now())
        rows = self._store.query(
            f"SELECT DISTINCT toUnixTimestamp(toStartOfMinute(window)) FROM edges WHERE {between('window', low, high)} "
            "AND (a_who = '' OR b_who = '') AND (a_failed OR b_failed OR transport = 'udp')"
        )
        self._add({seconds * 1000 for (seconds,) in rows}, *_CHANGED["edges"])
        self._placed.clear()

    def _add(self, starts: set[int], *levels: Level) -> None:
        for level in levels:
            self._due[level] |= starts

    def _roll_up_level(self, level: Level) -> None:
        due = self._due[level]
        newest = self._now() - GRACE_MS - level.width
        for low, high in _stretches(sorted(at for at in due if at <= newest), level.width):
            self._roll_up_stretch(level, low, high)
            done = range(low, high, level.width)
            due.difference_update(done)
            if above := _ABOVE.get(level):
                self._add({at // above.width * above.width for at in done}, above)

    def _roll_up_stretch(self, level: Level, low: int, high: int) -> None:
        try:
            roll_up(self._store, level, low, high)
        except StoreError as error:
            if not error.of_rows:
                raise
            if high - low > level.width:
                for start in range(low, high, level.width):
                    self._roll_up_stretch(level, start, start + level.width)
            else:
                self.counters["skipped"] += 1
                log.warning("%s from %d ms on cannot be rolled up and is skipped: %s", level.name, low, error)


def roll_up(store: Store, level: Level, low: int, high: int) -> None:
    """Roll up [low, high), ms, anew. Several may do so at once, and again."""
    where, names = between(level.unit, low, high), ", ".join(level.columns)
    # Only places of these hours are read, and not all that are kept.
    quoted = between("hour", low // HOUR_MS * HOUR_MS, high).replace("'", "\\'")
    settings = f"{_SETTINGS}, additional_table_filters = {{'places': '{quoted}'}}"
    rows = f"SELECT 1 FROM {level.below} WHERE {between(level.time, low, high)} LIMIT 1"
    while True:
        ((known, some),) = store.query(
            f"SELECT max(version), (SELECT count() FROM ({rows})) FROM {level.name} WHERE {where} {_SETTINGS}"
        )
        if not (known or some):
            return
        version = max(time.time_ns() // 1000 * 1000 + _random.randrange(1000), known + 1)
        store.query(
            f"INSERT INTO {level.name} ({names}, version) SELECT *, {version} FROM ({level.of(low, high)}) {settings}"
        )
        if known:
            _sweep(store, level, where, version)
        ((others,),) = store.query(
            f"SELECT count() FROM {level.name} WHERE {where} AND version > {known} AND version != {version} {_SETTINGS}"
        )
        if not others:  # else one of them may have read less than this one and yet bear the higher version
            return


def _sweep(store: Store, level: Level, where: str, version: int) -> None:
    """Write tombstones for rows of earlier versions that the newest of each minute, hour or day does not have.

    The last of several to come here finds the rows of all.
    """
    keys = ", ".join((level.unit, *KEY))
    store.query(
        f"INSERT INTO {level.name} ({keys}, version, gone) WITH latest AS "
        f"(SELECT {level.unit} AS at, max(version) AS newest FROM {level.name} WHERE {where} GROUP BY at) "
        f"SELECT {keys}, greatest(newest, {version}) AS version_, 1 "
        f"FROM {level.name} FINAL INNER JOIN latest ON at = {level.unit} "
        f"WHERE {where} AND version < version_ {_SETTINGS}"
    )


def _stretches(starts: Iterable[int], width: int) -> Iterator[tuple[int, int]]:
    """Join units that follow each other, up to LONGEST_MS or one unit."""
    low = high = -1
    for start in starts:
        if start == high and high - low + width <= LONGEST_MS:
            high += width
            continue
        if high > low:
            yield low, high
        low, high = start, start + width
    if high > low:
        yield low, high

"""Edges a minute and an hour, and the requests on them, told anew from the rows below them.

Nothing is added up as it comes: whenever rows of a minute are stored, late or again, the whole minute is told anew from
`edges FINAL`, and a row that is no longer told (its address has become a process) is marked gone. So the roll-up is a
function of the rows it is made of, whatever came when and how often.

A minute is told when it has ended and late facts on it have become rare; what comes after that is told before the
offsets of its records are committed. So a reader finds all up to the newest minute in the roll-up, and what is younger
in `edges`. The clock decides when work is done and never what comes out: sinks side by side wait for each other's rows.

Requests are told with every minute whose edges are, for those say between whom they were, and before them: how far
edges are told is how far requests are. Where there are none, there is nothing to tell but to look.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from random import SystemRandom

from graph.columns import KEY
from schemas.codec import MAX_AHEAD_MS
from schemas.topics import HOUR_MS
from sinks.levels import HOURS, MINUTE_MS, MINUTES, REQUEST_HOURS, REQUEST_MINUTES, Level, between
from sinks.store import Store, StoreError

log = logging.getLogger(__name__)

GRACE_MS = 75_000  # an owner is found up to 12 windows late (streams/attribute.py), and then takes some seconds to come
STANDING_MS, LASTING_MS = (
    2 * MINUTE_MS,
    HOUR_MS,
)  # for how long places name ends, and those that were missed (0011_places)
LONGEST_MS = 10 * MINUTE_MS  # what one statement tells: ten minutes of thousands of edges fit into any memory

_HEARD = {"edges": (REQUEST_MINUTES, MINUTES), "requests": (REQUEST_MINUTES,)}  # which minutes a table's rows change
_ABOVE = {REQUEST_MINUTES: REQUEST_HOURS, MINUTES: HOURS}
_LEVELS = (REQUEST_MINUTES, REQUEST_HOURS, MINUTES, HOURS)  # as they are told
_SETTINGS = (
    # Compiling takes longer than running, for wide statements and small ones (40 ms, to look for a version).
    "SETTINGS compile_expressions = 0, compile_aggregate_expressions = 0, compile_sort_description = 0, "
    # The time is in the key, so that it may choose rows before FINAL merges them: minutes of an hour and not all of it.
    "optimize_move_to_prewhere_if_final = 1"
)
_random = SystemRandom()


class Rollup:
    """The roll-ups of a store. It hears what is stored, and tells what is due before offsets are committed."""

    def __init__(self, store: Store, now: Callable[[], int] = lambda: time.time_ns() // 1_000_000) -> None:
        self.counters: Counter[str] = Counter()
        self._store = store
        self._now = now
        self._placed: set[int] = set()  # minutes of places that came late
        self._due: dict[Level, set[int]] = {level: set() for level in _LEVELS}

    def heard(self, table: str, times: Iterable[int]) -> None:
        """Hear which times, ms, of a table's rows have been stored."""
        starts = {at // MINUTE_MS * MINUTE_MS for at in times}
        if table in _HEARD:
            self._hear(starts, *_HEARD[table])
        elif table == "places":  # who was there in a minute names ends of later ones, of which many may be told
            now = self._now()
            after = range(0, STANDING_MS + MINUTE_MS, MINUTE_MS)
            self._hear({at + late for at in starts for late in after if at + late <= now}, *_HEARD["edges"])
            self._placed |= {at for at in starts if at + STANDING_MS + MINUTE_MS <= now}

    def resume(self) -> None:
        """Hear of all that is stored and may not be told: since the newest that is, it as well.

        Rows of a time to come, of a clock gone wrong or of a stranger, do not count as told, and are not to be told.
        """
        end = f"fromUnixTimestamp64Milli({self._now() + MAX_AHEAD_MS}, 'UTC')"
        for level in _LEVELS:
            ((newest,),) = self._store.query(
                f"SELECT toUnixTimestamp64Milli(max({level.unit})) FROM {level.name} WHERE {level.unit} < {end}"
            )
            rows = self._store.query(
                f"SELECT DISTINCT toUnixTimestamp({level.start}({level.time})) FROM {level.below} "
                f"WHERE {level.time} >= fromUnixTimestamp64Milli({max(newest, 0)}, 'UTC') AND {level.time} < {end}"
            )
            self._hear({seconds * 1000 for (seconds,) in rows}, *_HEARD.get(level.below, (level,)))

    def tell(self) -> None:
        """Tell the minutes and hours that are due; StoreError when the store does not let it.

        One that cannot be told, because of what its rows say, is passed by and counted.
        """
        self._hear_missed()
        for level in _LEVELS:
            self._tell(level)

    def tell_all(self, low: int, high: int) -> None:
        """Tell all of [low, high), ms, that is due, whatever has been heard of it."""
        self._hear(set(range(low // MINUTE_MS * MINUTE_MS, high, MINUTE_MS)), *_HEARD["edges"])
        self.tell()

    def _hear_missed(self) -> None:
        """Hear of the minutes in which connects failed, or UDP servers are asked for, after places that came late."""
        if not self._placed:
            return
        low, high = min(self._placed), min(max(self._placed) + LASTING_MS + MINUTE_MS, self._now())
        rows = self._store.query(
            f"SELECT DISTINCT toUnixTimestamp(toStartOfMinute(window)) FROM edges WHERE {between('window', low, high)} "
            "AND (a_who = '' OR b_who = '') AND (a_failed OR b_failed OR transport = 'udp')"
        )
        self._hear({seconds * 1000 for (seconds,) in rows}, *_HEARD["edges"])
        self._placed.clear()

    def _hear(self, starts: set[int], *levels: Level) -> None:
        for level in levels:
            self._due[level] |= starts

    def _tell(self, level: Level) -> None:
        due = self._due[level]
        newest = self._now() - GRACE_MS - level.width
        for low, high in _stretches(sorted(at for at in due if at <= newest), level.width):
            self._retell(level, low, high)
            done = range(low, high, level.width)
            due.difference_update(done)
            if level in _ABOVE:
                self._hear({at // HOUR_MS * HOUR_MS for at in done}, _ABOVE[level])

    def _retell(self, level: Level, low: int, high: int) -> None:
        try:
            retell(self._store, level, low, high)
        except StoreError as error:
            if not error.of_rows:
                raise
            if high - low > level.width:
                for start in range(low, high, level.width):
                    self._retell(level, start, start + level.width)
            else:
                self.counters["untold"] += 1
                log.warning("%s from %d ms on cannot be told, passing it by: %s", level.name, low, error)


def retell(store: Store, level: Level, low: int, high: int) -> None:
    """Tell [low, high), ms, of a roll-up anew. May be done by several at once, and again."""
    where, names = between(level.unit, low, high), ", ".join(level.columns)
    hours = between("hour", low // HOUR_MS * HOUR_MS, high).replace(
        "'", "\\'"
    )  # else all that is kept is looked through
    settings = f"{_SETTINGS}, additional_table_filters = {{'places': '{hours}'}}"
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
    """Mark gone what earlier tellings told and the newest of each minute or hour did not.

    Whoever is the last of several to come here finds what all have told.
    """
    keys = ", ".join((level.unit, *KEY))
    store.query(
        f"INSERT INTO {level.name} ({keys}, version, gone) WITH newest AS "
        f"(SELECT {level.unit} AS at, max(version) AS told FROM {level.name} WHERE {where} GROUP BY at) "
        f"SELECT {keys}, greatest(told, {version}) AS version_, 1 "
        f"FROM {level.name} FINAL INNER JOIN newest ON at = {level.unit} "
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

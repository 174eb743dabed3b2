"""Edges a minute and an hour, told anew from the rows below them.

Nothing is added up as it comes: whenever rows of a minute are stored, late or again, the whole minute is told anew from
`edges FINAL`, and a row that is no longer told (its address has become a process) is marked gone. So the roll-up is a
function of the rows it is made of, whatever came when and how often.

A minute is told when it has ended and late facts on it have become rare; what comes after that is told before the
offsets of its records are committed. So a reader finds all up to the newest minute in the roll-up, and what is younger
in `edges`. The clock decides when work is done and never what comes out: sinks side by side wait for each other's rows.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from random import SystemRandom
from typing import NamedTuple

from schemas.topics import HOUR_MS
from sinks.store import Store

MINUTE_MS = 60_000
GRACE_MS = 75_000  # an owner is found up to 12 windows late (streams/attribute.py), and then takes some seconds to come
LONGEST_MS = 10 * MINUTE_MS  # what one statement tells: ten minutes of thousands of edges fit into any memory

_KEY = ("client", "server", "transport", "server_port")
_RULES = "['unknown', 'port', 'connected', 'listener']"
_GREATEST = (
    "width_ms",
    *(
        f"{end}_{name}"
        for end in ("client", "server")
        for name in ("service", "name", "host", "container", "provenance", "address", "tied", "rtt_us")
    ),
    "seen_by_client",
    "seen_by_server",
)
_LEAST = ("client_min_rtt_us", "server_min_rtt_us")  # of those that are known
_SUMS = (
    "connections_opened",
    "connections_closed",
    "connections_failed",
    *(
        f"{end}_{name}"
        for end in ("client", "server")
        for name in ("sent_bytes", "received_bytes", "sent_segments", "received_segments", "retransmits")
    ),
)
_SETTINGS = (
    # Compiling so wide a statement takes longer than running it.
    "SETTINGS compile_expressions = 0, compile_aggregate_expressions = 0, compile_sort_description = 0, "
    # The time is in the key, so that it may choose rows before FINAL merges them: minutes of an hour and not all of it.
    "optimize_move_to_prewhere_if_final = 1"
)
_random = SystemRandom()


class Level(NamedTuple):
    """A roll-up: its table, its column of time and what that is a start of, and the rows it is made of."""

    table: str
    unit: str
    start: str
    width: int
    source: str
    time: str
    first: str
    last: str

    def of(self, low: int, high: int) -> str:
        """Return the SELECT that tells [low, high), ms; its columns are `columns`."""
        columns = [
            f"{self.start}(moment) AS {self.unit}_",
            *_KEY,
            f"min({self.first}) AS first_",
            f"max({self.last}) AS last_",
            f"{_RULES}[max(indexOf({_RULES}, rule))] AS rule_",
            f"argMax(connections_active, {self.last}) AS active_",
            *(f"max({name}) AS {name}_" for name in _GREATEST),
            *(f"minIf({name}, {name} > 0) AS {name}_" for name in _LEAST),
            *(f"sum({name}) AS {name}_" for name in _SUMS),
        ]
        rows = f"(SELECT {self.time} AS moment, * FROM {self.source} WHERE {between(self.time, low, high)})"
        return f"SELECT {', '.join(columns)} FROM {rows} GROUP BY {self.unit}_, {', '.join(_KEY)}"

    @property
    def columns(self) -> str:
        """The columns that `of` tells."""
        return ", ".join((self.unit, *_KEY, "first", "last", "rule", "connections_active", *_GREATEST, *_LEAST, *_SUMS))


MINUTES = Level("edges_1m", "minute", "toStartOfMinute", MINUTE_MS, "process_edges", "window", "window", "window")
HOURS = Level("edges_1h", "hour", "toStartOfHour", HOUR_MS, "edges_1m FINAL", "minute", "first", "last")


def between(column: str, low: int, high: int) -> str:
    """Return the SQL condition for a time in [low, high), ms."""
    return (
        f"({column} >= fromUnixTimestamp64Milli({low}, 'UTC') AND {column} < fromUnixTimestamp64Milli({high}, 'UTC'))"
    )


class Rollup:
    """The roll-ups of a store. It hears what is stored, and tells what is due before offsets are committed."""

    def __init__(self, store: Store, now: Callable[[], int] = lambda: time.time_ns() // 1_000_000) -> None:
        self._store = store
        self._now = now
        self._minutes: set[int] = set()
        self._hours: set[int] = set()

    def heard(self, table: str, times: Iterable[int]) -> None:
        """Hear which times, ms, of a table's rows have been stored."""
        if table == "edges":
            self._minutes.update({at // MINUTE_MS * MINUTE_MS for at in times})

    def resume(self) -> None:
        """Hear of all that is stored and may not be told: since the newest that is, it as well."""
        for level, known in ((MINUTES, self._minutes), (HOURS, self._hours)):
            ((newest,),) = self._store.query(f"SELECT toUnixTimestamp64Milli(max({level.unit})) FROM {level.table}")
            below = "edges" if level is MINUTES else MINUTES.table
            rows = self._store.query(
                f"SELECT DISTINCT toUnixTimestamp({level.start}({level.time})) FROM {below} "
                f"WHERE {level.time} >= fromUnixTimestamp64Milli({newest}, 'UTC')"
            )
            known.update(seconds * 1000 for (seconds,) in rows)

    def tell(self) -> None:
        """Tell the minutes and hours that are due; StoreError when the store does not let it."""
        self._tell(MINUTES, self._minutes)
        self._tell(HOURS, self._hours)

    def tell_all(self, low: int, high: int) -> None:
        """Tell all of [low, high), ms, that is due, whatever has been heard of it."""
        self._minutes.update(range(low // MINUTE_MS * MINUTE_MS, high, MINUTE_MS))
        self.tell()

    def _tell(self, level: Level, known: set[int]) -> None:
        newest = self._now() - GRACE_MS - level.width
        for low, high in _stretches(sorted(at for at in known if at <= newest), level.width):
            retell(self._store, level, low, high)
            done = range(low, high, level.width)
            known.difference_update(done)
            if level is MINUTES:
                self._hours.update(at // HOUR_MS * HOUR_MS for at in done)


def retell(store: Store, level: Level, low: int, high: int) -> None:
    """Tell [low, high), ms, of a roll-up anew. May be done by several at once, and again."""
    where = between(level.unit, low, high)
    while True:
        ((known,),) = store.query(f"SELECT max(version) FROM {level.table} WHERE {where}")
        version = max(time.time_ns() // 1000 * 1000 + _random.randrange(1000), known + 1)
        store.query(
            f"INSERT INTO {level.table} ({level.columns}, version) "
            f"SELECT *, {version} FROM ({level.of(low, high)}) {_SETTINGS}"
        )
        if known:
            _sweep(store, level, where, version)
        ((others,),) = store.query(
            f"SELECT count() FROM {level.table} WHERE {where} AND version > {known} AND version != {version}"
        )
        if not others:  # else one of them may have read less than this one and yet bear the higher version
            return


def _sweep(store: Store, level: Level, where: str, version: int) -> None:
    """Mark gone what earlier tellings told and the newest of each minute or hour did not.

    Whoever is the last of several to come here finds what all have told.
    """
    keys = ", ".join((level.unit, *_KEY))
    store.query(
        f"INSERT INTO {level.table} ({keys}, version, gone) WITH newest AS "
        f"(SELECT {level.unit} AS at, max(version) AS told FROM {level.table} WHERE {where} GROUP BY at) "
        f"SELECT {keys}, greatest(told, {version}) AS version_, 1 "
        f"FROM {level.table} FINAL INNER JOIN newest ON at = {level.unit} "
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

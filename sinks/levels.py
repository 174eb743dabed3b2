"""What a minute and an hour of edges, and of the requests on them, are made of."""

from collections.abc import Iterator
from typing import NamedTuple

from schemas.topics import HOUR_MS

MINUTE_MS = 60_000
KEY = ("client", "server", "transport", "server_port")

_WHO = ("service", "name", "host", "container")
_RULES = "['unknown', 'port', 'connected', 'listener']"
_GREATEST = (
    "width_ms",
    *(f"{end}_{name}" for end in ("client", "server") for name in (*_WHO, "provenance", "address", "tied", "rtt_us")),
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


class Level(NamedTuple):
    """A roll-up: its table, its column of time and what that is a start of, and the rows it is made of.

    `below` is the table that has rows where there is anything to tell; `facts` are columns, each with its aggregate.
    """

    table: str
    unit: str
    start: str
    width: int
    source: str
    time: str
    below: str
    facts: tuple[tuple[str, str], ...]

    def of(self, low: int, high: int) -> str:
        """Return the SELECT that tells [low, high), ms; its columns are `columns`."""
        facts = ", ".join(f"{made} AS {name}_" for name, made in self.facts)
        rows = f"(SELECT {self.time} AS moment, * FROM {self.source} WHERE {between(self.time, low, high)})"
        key = ", ".join(KEY)
        return f"SELECT {self.start}(moment) AS {self.unit}_, {key}, {facts} FROM {rows} GROUP BY {self.unit}_, {key}"

    @property
    def columns(self) -> str:
        """The columns that `of` tells."""
        return ", ".join((self.unit, *KEY, *(name for name, _ in self.facts)))


def between(column: str, low: int, high: int) -> str:
    """Return the SQL condition for a time in [low, high), ms."""
    return (
        f"({column} >= fromUnixTimestamp64Milli({low}, 'UTC') AND {column} < fromUnixTimestamp64Milli({high}, 'UTC'))"
    )


def _edges(first: str, last: str) -> Iterator[tuple[str, str]]:
    yield from (("first", f"min({first})"), ("last", f"max({last})"))
    yield "rule", f"{_RULES}[max(indexOf({_RULES}, rule))]"
    yield "connections_active", f"argMax(connections_active, {last})"
    yield from ((name, f"max({name})") for name in _GREATEST)
    yield from ((name, f"minIf({name}, {name} > 0)") for name in _LEAST)
    yield from ((name, f"sum({name})") for name in _SUMS)


def _requests() -> Iterator[tuple[str, str]]:
    ends = (f"{end}_{name}" for end in ("client", "server") for name in _WHO)
    yield from ((name, f"max({name})") for name in (*ends, "sampling"))
    yield from ((name, f"sum({name})") for name in ("requests", "errors", "unanswered", "given_up"))
    yield from ((name, f"sumMap({name})") for name in ("by", "latency"))


_MINUTE, _HOUR = ("minute", "toStartOfMinute", MINUTE_MS), ("hour", "toStartOfHour", HOUR_MS)
MINUTES = Level("edges_1m", *_MINUTE, "process_edges", "window", "edges", tuple(_edges("window", "window")))
HOURS = Level("edges_1h", *_HOUR, "edges_1m FINAL", "minute", "edges_1m", tuple(_edges("first", "last")))
REQUEST_MINUTES = Level("requests_1m", *_MINUTE, "process_requests", "window", "requests", tuple(_requests()))
REQUEST_HOURS = Level("requests_1h", *_HOUR, "requests_1m FINAL", "minute", "requests_1m", tuple(_requests()))

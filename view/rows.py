"""Rows of edges at a level over a stretch of time, for the queries view_*: rolled up where that will do."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from dashboards.queries import query
from sinks.store import Store
from view.newest import Newest
from view.parameters import Level

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
LONG_MS = 2 * HOUR_MS  # what is longer is told by the minute, and so is what has many windows
_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800)

Row = tuple[Any, ...]


class Span(NamedTuple):
    """A stretch of time in steps: it begins with a whole step; all in ms. `newest` is up to when windows are stored.

    A stretch that is `rolled` is read from the roll-ups, as far as those go.
    """

    start: int
    end: int
    step: int
    newest: int
    rolled: bool

    def times(self) -> list[tuple[int, float]]:
        """Return when each step begins, ms, and how many seconds of it have been."""
        last = min(self.end, self.newest)
        return [(at, max(0, min(at + self.step, last) - at) / 1000) for at in range(self.start, self.end, self.step)]


def span(start: int, end: int, points: int, width: int, newest: int, *, many: bool = False) -> Span:
    """Cut a stretch into about so many steps, whole windows each and at most so many; what moves on is cut the same.

    Where its windows are too `many`, a step is a minute or more.
    """
    least = max((end - start) / points, width, MINUTE_MS if many else 1)
    width = max(width, 1)
    steps = (step * 1000 for step in _STEPS_S if step * 1000 % width == 0)
    step = next((step for step in steps if least <= step <= 4 * least), -(-int(least) // width) * width)
    by_minute = step % MINUTE_MS == 0 and (many or end - start > LONG_MS)
    return Span(start // step * step, end, step, newest, by_minute)


def read_span(store: Store, start: int, end: int, points: int, newest: Newest) -> Span:
    """Cut a stretch into steps as is best for what is stored of it."""
    ((many,),) = store.query(query("many_windows"), {"from": start, "to": end})
    return span(start, end, points, newest.width, newest.end, many=bool(many))


def read_rows(store: Store, name: str, level: Level, over: Span, nodes: Sequence[str] = (), **asked: Any) -> list[Row]:
    """Run a query that follows view_ended over the rows of a stretch: of all edges, or at least of some `nodes`."""
    source = "view_said_addresses" if level == "address" else "view_said"
    values = {"level": level, "from": over.start, "to": over.end, "step": over.step, **rolled(store, over), **asked}
    return store.query(f"WITH\n{query(source)}{query('view_ended')}{query(name)}", values | _concerns(nodes))


def _concerns(nodes: Sequence[str]) -> dict[str, Any]:
    """Return what an end must have in its address or in who it is (`packed` of sinks/tables.py) to be one of them."""
    addresses, texts = ["-"], ["\n"]  # neither list may be empty
    for node in nodes:
        kind, _, rest = node.partition(":")
        if kind == "address":
            addresses.append(rest.rpartition("@")[2])
        else:
            part = {"process": node, "container": rest.partition(":")[2]}.get(kind, rest)
            texts.append(f"\t{part}\t")
    return {"any": int(not nodes), "addresses": addresses, "texts": texts}


def rolled(store: Store, over: Span) -> dict[str, int]:
    """Return up to where each roll-up is read; the rows that are younger are read as they are."""
    if not over.rolled:
        return {"hours_to": over.start, "minutes_to": over.start}
    ((hour, minutes),) = store.query(query("view_rolled"))
    first = -(-over.start // HOUR_MS) * HOUR_MS  # the minutes before it are not a whole hour
    hours_to = min(hour, over.end // HOUR_MS * HOUR_MS) if over.step % HOUR_MS == 0 else over.start
    return {
        "hours_to": hours_to if hours_to > first else over.start,
        "minutes_to": max(over.start, min(minutes, over.end // MINUTE_MS * MINUTE_MS)),
    }

"""A time range in steps, and rows of it. Long ranges are read from roll-ups."""

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeVar

from graph.concerns import concerned
from graph.stored import ManyRow, RolledUpRow, many_windows, newest_roll_ups
from schemas.times import HOUR_MS, MINUTE_MS
from sinks.store import Store
from view.newest import Newest

LONG_MS = 2 * HOUR_MS  # longer ranges are read by the minute, and so are ranges with many windows
_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800)

Row = TypeVar("Row")


class Span(NamedTuple):
    """A time range cut into steps; it begins with a whole step. All in ms. Windows are stored up to `newest`.

    Where `rolled` is set, the range is read from the roll-ups, as far as those go.
    """

    start: int
    end: int
    step: int
    newest: int
    rolled: bool

    def times(self) -> list[tuple[int, float]]:
        """Return the start of each step, ms, and how many seconds of it have passed."""
        last = min(self.end, self.newest)
        return [(at, max(0, min(at + self.step, last) - at) / 1000) for at in range(self.start, self.end, self.step)]


def span(start: int, end: int, points: int, width: int, newest: int, *, many: bool = False) -> Span:
    """Cut a range into at most about `points` steps of whole windows. A range that moves on is cut at the same times.

    With too `many` windows, a step is at least a minute.
    """
    least = max((end - start) / points, width, MINUTE_MS if many else 1)
    width = max(width, 1)
    steps = (step * 1000 for step in _STEPS_S if step * 1000 % width == 0)
    step = next((step for step in steps if least <= step <= 4 * least), -(-int(least) // width) * width)
    by_minute = step % MINUTE_MS == 0 and (many or end - start > LONG_MS)
    return Span(start // step * step, end, step, newest, by_minute)


def read_span(store: Store, start: int, end: int, points: int, newest: Newest) -> Span:
    """Cut a range into steps that suit the number of windows stored in it."""
    found = store.row(ManyRow, many_windows(), {"from": start, "to": end})
    if found.many:
        end = max(end, min(-(-end // MINUTE_MS) * MINUTE_MS, newest.end))
    return span(start, end, points, newest.width, newest.end, many=bool(found.many))


def read_rows(
    store: Store, kind: type[Row], text: str, over: Span, nodes: Sequence[str] = (), **values: Any
) -> list[Row]:
    """Run a query over a range in steps (graph/steps.py), which may be one about `nodes`; return its rows."""
    parameters = {"from": over.start, "to": over.end, "step": over.step, **rolled_up(store, over)}
    return store.rows(kind, text, parameters | concerned(nodes) | values)


def rolled_up(store: Store, over: Span) -> dict[str, int]:
    """Return the time up to which each roll-up is read. Later rows are read one by one."""
    if not over.rolled:
        return {"hours_to": over.start, "minutes_to": over.start}
    found = store.row(RolledUpRow, newest_roll_ups())
    first = -(-over.start // HOUR_MS) * HOUR_MS  # the minutes before it are not a whole hour
    hours_to = min(found.newest_hour, over.end // HOUR_MS * HOUR_MS) if over.step % HOUR_MS == 0 else over.start
    return {
        "hours_to": hours_to if hours_to > first else over.start,
        "minutes_to": max(over.start, min(found.minutes_end, over.end // MINUTE_MS * MINUTE_MS)),
    }

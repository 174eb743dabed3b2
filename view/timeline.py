"""The time line: what happened over a time range."""

from typing import Any

from graph.recorded import first_window, read_recorded, windows_since
from graph.timeline import TimelineRow, timeline
from graph.traffic import OWN_SUMS
from schemas.times import HOUR_MS
from sinks.store import Store
from view.events import events
from view.newest import read_newest
from view.parameters import TimelineAsked, time_range
from view.requests import request_totals
from view.rows import read_rows, read_span
from view.series import recorded

COUNTED = ("edges", "opened", "failed", "bytes")
_NO_COUNTS = dict.fromkeys(OWN_SUMS, 0)
REQUESTS = ("requests", "errors", "given_up")


def timeline_answer(store: Store, asked: TimelineAsked, now: int) -> dict[str, Any]:
    """Return the answer of /api/timeline; without a range, that of the last hour."""
    newest = read_newest(store, now)
    start, end = time_range(asked, newest.end, HOUR_MS)
    answer = {"from": start, "to": end, "newest": newest.end}
    if not newest.end:
        return answer | {"step_ms": 0, "first": 0, "dropped": 0, "buckets": [], "events": []}
    over = read_span(store, start, end, asked.buckets, newest)
    # Roll-ups have no addresses. Where those are needed, count between processes instead.
    level = "process" if over.rolled and asked.level == "address" else asked.level
    found = {row.point: row for row in read_rows(store, TimelineRow, timeline(level, rolled_up=over.rolled), over)}
    requests = {row.point: row for row in request_totals(store, level, over)}
    cells = read_recorded(store, over.start, end, over.step).cells()

    def bucket(at: int, most: float) -> dict[str, Any]:
        """Return the counts of a step; None where nothing was recorded."""
        seconds = recorded(at, most, at in found, cells)
        nothing = 0 if seconds else None
        row, totals = found.get(at), requests.get(at)
        counted = {name: getattr(row, name, nothing) for name in COUNTED}
        asked = {name: getattr(totals, name, nothing) for name in REQUESTS}
        sums = row.counted if row else _NO_COUNTS if seconds else None
        sampling = totals.sampling if totals else 1
        return {"at": at, **counted, "counted": sums, **asked, "sampling": sampling, "recorded_s": seconds}

    return answer | {
        "from": over.start,
        "step_ms": over.step,
        "first": first_window(store),
        "dropped": windows_since(store),
        "buckets": [bucket(at, most) for at, most in over.times() if most],
        "events": events(store, over.start, end),
    }

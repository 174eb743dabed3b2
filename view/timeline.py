"""What happened over a stretch of time, for the time line."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from dashboards.queries import query
from graph.recorded import read_recorded
from sinks.store import Store
from view.newest import read_newest
from view.parameters import TimelineAsked, stretch
from view.requests import request_totals
from view.rows import read_rows, read_span
from view.series import recorded

HOUR_MS = 3_600_000
MOST_EVENTS = 500
BUCKET = ("at", "edges", "opened", "failed", "bytes", "retransmits")
ASKED = ("requests", "errors", "given_up")
EVENT = ("time", "kind", "subject", "object", "host", "service", "detail")


def timeline_answer(store: Store, asked: TimelineAsked, now: int) -> dict[str, Any]:
    """Return the time line that is asked for, as /api/timeline tells it; without a range, of the last hour."""
    newest = read_newest(store, now)
    start, end = stretch(asked, newest.end, HOUR_MS)
    answer = {"from": start, "to": end, "newest": newest.end}
    if not newest.end:
        return answer | {"step_ms": 0, "first": 0, "buckets": [], "events": []}
    over = read_span(store, start, end, asked.buckets, newest)
    # There are no roll-ups between addresses: what is too much to be read as it is, is counted between processes.
    level = "process" if over.rolled and asked.level == "address" else asked.level
    found = {row[0]: row for row in read_rows(store, "view_timeline", level, over)}
    http = {row[0]: row[1:] for row in request_totals(store, level, over)}
    cells = read_recorded(store, over.start, end, over.step).cells()

    def bucket(at: int, most: float) -> dict[str, Any]:
        """Return what was counted in a step; None where nobody looked."""
        seconds = recorded(at, most, at in found, cells)
        nothing = 0 if seconds else None
        row, asked = found.get(at, (at, *[nothing] * (len(BUCKET) - 1))), http.get(at, [nothing] * len(ASKED))
        return {**dict(zip(BUCKET, row, strict=True)), **dict(zip(ASKED, asked, strict=True)), "recorded_s": seconds}

    ((first,),) = store.query(query("view_first"))
    return answer | {
        "from": over.start,
        "step_ms": over.step,
        "first": first,
        "buckets": [bucket(at, most) for at, most in over.times() if most],
        "events": events(store, over.start, end),
    }


class About(NamedTuple):
    """Whose events are meant: of nodes, and all of services and hosts with their processes."""

    subjects: Sequence[str] = ()
    services: Sequence[str] = ()
    hosts: Sequence[str] = ()


def events(store: Store, start: int, end: int, about: About | None = None) -> list[dict[str, Any]]:
    """Return the newest events, of somebody or of all; oldest first."""
    nobody = "\t"  # a list may not be empty, and no name has a tab (schemas/text.py)
    lists = {name: [*found, nobody] for name, found in (about or About())._asdict().items()}
    asked = {**lists, "all": int(about is None), "from": start, "to": end, "most": MOST_EVENTS}
    return [dict(zip(EVENT, row, strict=True)) for row in store.query(query("view_events"), asked)]

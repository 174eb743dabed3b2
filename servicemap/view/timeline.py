"""What happened over a stretch of time, for the time line."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from dashboards.queries import query
from servicemap.view.map_reading import newest_end
from servicemap.view.parameters import TimelineAsked, stretch
from servicemap.view.series import step_ms
from sinks.store import Store

HOUR_MS = 3_600_000
MOST_EVENTS = 500
BUCKET = ("at", "edges", "opened", "failed", "bytes", "retransmits")
EVENT = ("time", "kind", "subject", "object", "host", "service", "detail")


def timeline_answer(store: Store, asked: TimelineAsked, now: int) -> dict[str, Any]:
    """Return the time line that is asked for, as /api/timeline tells it; without a range, of the last hour."""
    latest = newest_end(store, now)
    start, end = stretch(asked, latest, HOUR_MS)
    answer = {"from": start, "to": end, "newest": latest}
    if not latest:
        return answer | {"step_ms": 0, "first": 0, "buckets": [], "events": []}
    ((_, width),) = store.query(query("map_newest"))
    step = step_ms(start, end, asked.buckets, width)
    rows = store.query(query("view_timeline"), {"level": asked.level, "from": start, "to": end, "step": step})
    found = {row[0]: row for row in rows}
    times = range(start, min(end, latest), step)
    buckets = [dict(zip(BUCKET, found.get(at, (at, 0, 0, 0, 0, 0)), strict=True)) for at in times]
    ((first,),) = store.query(query("view_first"))
    everything = events(store, start, end)
    return answer | {"step_ms": step, "first": first, "buckets": buckets, "events": everything}


class About(NamedTuple):
    """Whose events are meant: of nodes, and all of services and hosts with their processes."""

    subjects: Sequence[str] = ()
    services: Sequence[str] = ()
    hosts: Sequence[str] = ()


def events(store: Store, start: int, end: int, about: About | None = None) -> list[dict[str, Any]]:
    """Return the newest events, of somebody or of all; oldest first."""
    nobody = "-"  # a list may not be empty, and this is no node's id
    lists = {name: [*found, nobody] for name, found in (about or About())._asdict().items()}
    asked = {**lists, "all": int(about is None), "from": start, "to": end, "most": MOST_EVENTS}
    return [dict(zip(EVENT, row, strict=True)) for row in store.query(query("view_events"), asked)]

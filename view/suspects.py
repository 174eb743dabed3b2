"""Switches all of whose hosts are silent, among what the page lists as changes."""

from typing import Any

from graph.lives import LifeRow
from graph.suspects import SILENT_S, SuspectRow, suspects
from schemas.times import HOUR_MS
from sinks.store import Store

MOST_NAMED = 5


def suspected(store: Store, end: int) -> list[dict[str, Any]]:
    """Return a row like those of `lives` for each switch that is suspected at `end`, ms."""
    rows = store.rows(SuspectRow, suspects(), {"from": end - HOUR_MS, "to": end})
    return [
        LifeRow(end, "switch_suspected", row.node, "", _detail(row))._asdict()
        for row in rows
        if row.silent_seconds > SILENT_S
    ]


def _detail(row: SuspectRow) -> str:
    more = f" and {len(row.hosts) - MOST_NAMED} more" if len(row.hosts) > MOST_NAMED else ""
    named = ", ".join(row.hosts[:MOST_NAMED]) + more
    return f"switch {row.switch} is suspected: all {len(row.hosts)} of its hosts fell silent ({named})"

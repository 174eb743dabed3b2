"""What `doctor` reports about disk space: how much of the share is used, and what was dropped to keep to it."""

import time
from contextlib import closing

from graph.stored import Dropped
from log.protocol import LogError
from log.shrinking import Shrinking
from schemas.times import DAY_MS, iso
from servicemap.check import Check
from servicemap.config import Config
from servicemap.printing import bytes_text
from servicemap.room import budget_of, logged_here
from sinks import dropping
from sinks.store import Store, StoreError

NAME = "room on the disk"
_WHAT = {
    Dropped.FLOWS: "rows of windows up to {until} ({rows:,}, {size})",
    Dropped.LOG: "records logged up to {until} ({rows:,}, {size})",
    Dropped.MINUTES: "rows of minutes up to {until} ({rows:,}, {size})",
}


def room_check(config: Config, store: Store, now: int | None = None) -> Check | None:
    """Report how much is used and what was dropped; None where there is no limit, or no sink has begun. `now` in ms."""
    budget = budget_of(config)
    if not budget:
        return None
    now = int(time.time() * 1000) if now is None else now
    try:
        gone = dropping.noted(store)
        used = dropping.used(store) + _log_used(config)
    except (StoreError, LogError):
        return None
    share = "disk.bytes" if config.disk.bytes else f"{config.disk.percent} % of the disk"
    found = f"{bytes_text(used)} of {bytes_text(budget)} are used ({share})"
    parts = [
        words.format(until=iso(row.until), rows=row.rows, size=bytes_text(row.size))
        for what, words in _WHAT.items()
        if (row := gone.get(what))
    ]
    if parts:
        found += "; dropped to make room: " + ", ".join(parts)
    fix = f"SERVICEMAP_DISK__PERCENT={min(100, 2 * config.disk.percent)} servicemap up{config.flag}"
    if config.disk.bytes:
        fix = f"SERVICEMAP_DISK__BYTES={2 * max(used, config.disk.bytes)} servicemap up{config.flag}"
    if used > 1.1 * budget:
        needs = (
            "more room: what is left is from the last two hours, is not read yet, or has to be kept by log.keep_hours"
        )
        return Check(NAME, "missing", found, needs, fix)
    if Dropped.FLOWS in gone and gone[Dropped.FLOWS].until > now - DAY_MS:
        return Check(NAME, "missing", found, "room for a day of windows", fix)
    return Check(NAME, "ok", found)


def _log_used(config: Config) -> int:
    file = logged_here(config)
    if file is None or not file.exists():
        return 0
    with closing(Shrinking(file, {})) as shrinking:
        return shrinking.used()

"""Every host with what it says of itself, and how it fares."""

from typing import Any

from dashboards.queries import query
from sinks.store import Store

HOUR_MS = 3_600_000
FACTS = (
    "id", "hostname", "os", "kernel", "arch", "cpus", "memory_bytes", "booted", "agent_version", "addresses", "labels",
    "told", "heard", "load1", "cpu_ratio", "memory_used_bytes", "missing", "failed",
)  # fmt: skip


def hosts(store: Store, end: int) -> list[dict[str, Any]]:
    """Return all hosts as of a time, ms; `heard` is when the last window ends that came of one, 0: none for an hour."""
    rows = store.query(query("view_hosts"), {"from": end - HOUR_MS, "to": end})
    return [dict(zip(FACTS, row, strict=True)) for row in rows]

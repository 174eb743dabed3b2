"""Samples of what an agent knows of itself, for its metrics. It imports what an agent has anyway."""

from collections.abc import Iterator

from collectors.health import Health
from schemas import metrics
from schemas.metrics import Sample, counted
from schemas.topics import HEARTBEATS


def of_agent(health: Health) -> Iterator[Sample]:
    """Yield what an agent knows of its collectors."""
    for name, seconds in dict(health.took).items():
        yield Sample(metrics.COLLECTOR_DURATION, seconds, (name,))
    for name, good in dict(health.succeeded).items():
        yield Sample(metrics.COLLECTOR_SUCCESS, good, (name,))
    for name in dict.fromkeys([*health.succeeded, HEARTBEATS.name]):
        yield Sample(metrics.COLLECTOR_ERRORS, health.counters.get(f"errors_{name}", 0), (name,))
        yield Sample(metrics.COLLECTOR_SKIPPED, health.counters.get(f"rows_skipped_{name}", 0), (name,))
    yield Sample(metrics.WINDOWS, health.windows)
    yield Sample(metrics.WINDOW_END, health.end / 1000)
    yield Sample(metrics.SPOOLED, health.spooled)
    yield from counted(metrics.AGENT_COUNTERS, health.counters)

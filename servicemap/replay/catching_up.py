"""Waiting until the store holds what the live folds make of the records that a replay has read.

Otherwise the newest rows would look like changes: the replay has them, the store gets them a second later.
"""

import time
from collections.abc import Callable, Collection

from log.protocol import Log
from schemas import topics
from servicemap.parts import STORE_GROUP, group_of
from servicemap.replay.reading import Place
from sinks.tables import TOPICS
from streams.stage import AttributeStage, PairStage

PATIENCE = 20.0  # seconds without any progress on what is waited for


def caught_up(
    log: Log,
    read: dict[Place, int],
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Return when folds and sink are past what was read; False when they do not run, or stand still."""
    return (
        _past(log, group_of(AttributeStage()), read, now, sleep)
        and _past(log, group_of(PairStage()), _ends(log, {topics.SIDES.name}), now, sleep)
        and _past(log, STORE_GROUP, derived_ends(log), now, sleep)
    )


def _past(
    log: Log, group: str, ends: dict[Place, int], now: Callable[[], float], sleep: Callable[[float], None]
) -> bool:
    deadline, before = now() + PATIENCE, -1
    ends = {place: end for place, end in ends.items() if log.bounds(*place).first < end}  # else nothing is left to read
    while True:
        committed = {place: log.committed(group, *place) for place in ends}
        if all((at or 0) >= ends[place] or ends[place] == 0 for place, at in committed.items()):
            return True
        if all(at is None for at in committed.values()):
            return False
        done = sum(min(at or 0, ends[place]) for place, at in committed.items())  # what came since is not waited for
        if done > before:
            deadline, before = now() + PATIENCE, done
        if now() > deadline:
            return False
        sleep(0.1)


def stored_so_far(log: Log) -> dict[Place, int]:
    """Return from where on records may not be stored yet; the end where no sink has ever run."""
    ends = derived_ends(log)
    committed = {place: log.committed(STORE_GROUP, *place) for place in ends}
    runs = any(at is not None for at in committed.values())
    return {place: (at or 0) if runs else ends[place] for place, at in committed.items()}


def derived_ends(log: Log) -> dict[Place, int]:
    """Return the ends of all topics that the sink reads."""
    return _ends(log, set(TOPICS))


def _ends(log: Log, names: Collection[str]) -> dict[Place, int]:
    found = [(info.name, part) for info in log.topics() if info.name in names for part in range(info.partitions)]
    return {place: log.bounds(*place).end for place in found}

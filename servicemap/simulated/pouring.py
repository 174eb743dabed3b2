"""Simulated records on their way into a log: as fast as they come, or at the speed of a clock."""

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing

import click
from msgspec import Struct, structs

from log.protocol import Log
from schemas.topics import HEARTBEATS
from servicemap.config import Config
from servicemap.connect import connect_log
from servicemap.process import SUPERVISED, stop_event, tune_memory
from servicemap.records import logged_times
from servicemap.simulated.plan import Plan, made
from simulation.records import SimRecord, SimWindow

INTERRUPTED = 130  # exit code after Ctrl-C


class Poured(Struct):
    """What is in the log."""

    windows: int = 0
    records: int = 0


class Pace:
    """When a record is due: `speed` times as fast as it happened, None for at once. Nothing is due before its time."""

    def __init__(
        self,
        start_ms: int,
        speed: float | None,
        wait: Callable[[float], bool],
        now: Callable[[], float] = time.time,
    ) -> None:
        """Take when the first window began, and what waits for some seconds and returns whether to stop."""
        self._start_ms, self._speed = start_ms, speed
        self._wait, self._now = wait, now
        self._began = now()

    def reached(self, timestamp: int) -> bool:
        """Wait until a record is due; return whether it is, and not all over."""
        while (seconds := self._left(timestamp)) > 0:
            if self._wait(seconds):
                return False
        return not self._wait(0)

    def _left(self, timestamp: int) -> float:
        left = timestamp / 1000 - self._now()
        if self._speed is None:
            return left
        return max(left, (timestamp - self._start_ms) / 1000 / self._speed - (self._now() - self._began))


def pour(windows: Iterable[SimWindow], log: Log, pace: Pace) -> Poured:
    """Append records until there are no more, or until it is over; what was appended is durable then."""
    poured = Poured()
    for record in _records(windows, poured):
        if not pace.reached(record.timestamp):
            break
        log.append(record.topic, record.key, record.value, timestamp=record.timestamp)
        poured.records += 1
    log.flush()
    return poured


def _records(windows: Iterable[SimWindow], poured: Poured) -> Iterator[SimRecord]:
    for window in windows:
        yield from window.records
        poured.windows += 1


def run(config: Config, plan: Plan, speed: float | None) -> None:
    """Write the records of a plan into the log of a configuration. One without an end goes on until a signal."""
    tune_memory()
    stop = stop_event()
    with closing(connect_log(config)) as log:
        plan = _after(plan, log)
        simulation = made(plan)
        poured = pour(simulation.windows, log, Pace(plan.start_ms, speed, stop.wait))
    if SUPERVISED not in os.environ:
        name = simulation.architecture.name
        click.echo(f"servicemap: {name}: {poured.records:,} records of {poured.windows:,} windows are logged", err=True)
    if stop.is_set() and plan.windows is not None:
        sys.exit(INTERRUPTED)


def _after(plan: Plan, log: Log) -> Plan:
    """Return a plan without an end that begins after what is logged: what is there may be of an earlier run of it."""
    times = logged_times(log, HEARTBEATS.name)
    if plan.windows is not None or times is None:
        return plan
    first = -(-times.last // plan.width_ms) * plan.width_ms
    return structs.replace(plan, start_ms=max(plan.start_ms, first))

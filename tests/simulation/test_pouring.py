import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from log.open import open_log
from log.protocol import Log
from schemas.times import HOUR_MS
from schemas.topics import HEARTBEATS
from servicemap.simulated.pouring import Pace, pour
from simulation.records import SimRecord, SimWindow
from tests.simulation.made import WIDTH, window

PER_WINDOW = 2
START = (int(time.time() * 1000) - HOUR_MS) // WIDTH * WIDTH  # older records are not kept


class Clock:
    """A clock that moves only while somebody waits, and stops them at a time."""

    def __init__(self, at: float, end: float = 1e18) -> None:
        self.at, self.end = at, end

    def now(self) -> float:
        return self.at

    def wait(self, seconds: float) -> bool:
        self.at += seconds
        return self.at >= self.end


def windows(count: int) -> Iterator[SimWindow]:
    for number in range(count):
        end = START + (number + 1) * WIDTH
        yield SimWindow([SimRecord(HEARTBEATS.name, b"host", b"{}", end)] * PER_WINDOW, window(number, {}))


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    with closing(open_log(tmp_path / "log.sqlite")) as opened:
        opened.create([HEARTBEATS])
        yield opened


def logged(log: Log) -> list[int]:
    (topic,) = log.topics()
    places = [(topic.name, partition) for partition in range(topic.partitions)]
    return [record.timestamp for place in places for record in log.read(*place, *log.bounds(*place))]


def test_the_past_is_logged_at_once_and_what_comes_when_it_does(log: Log) -> None:
    clock = Clock((START + 10 * WIDTH) / 1000)
    poured = pour(windows(12), log, Pace(START, None, clock.wait, clock.now))
    assert (poured.windows, poured.records) == (12, 12 * PER_WINDOW)
    assert clock.at == (START + 12 * WIDTH) / 1000
    assert len(logged(log)) == 12 * PER_WINDOW


def test_a_speed_is_kept(log: Log) -> None:
    clock = Clock(2 * START / 1000)
    pour(windows(12), log, Pace(START, 10, clock.wait, clock.now))
    assert clock.at == pytest.approx(2 * START / 1000 + 12 * WIDTH / 1000 / 10)


def test_what_is_stopped_half_way_has_logged_what_was_due(log: Log) -> None:
    clock = Clock(START / 1000, end=(START + 3.5 * WIDTH) / 1000)
    pour(windows(12), log, Pace(START, None, clock.wait, clock.now))
    assert max(logged(log)) == START + 3 * WIDTH

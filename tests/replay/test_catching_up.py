"""A replay waits for the live folds and the sink as long as they advance."""

from collections.abc import Mapping
from typing import Any, cast

import pytest

from log.protocol import Bounds, Log, TopicInfo
from schemas import topics
from servicemap.replay.catching_up import caught_up
from servicemap.replay.reading import Place

SIDES, EDGES, CONNECTIONS = topics.SIDES.name, topics.EDGES.name, topics.CONNECTIONS.name


class Offsets:
    """A log that has only offsets: its ends, and the commits of all groups."""

    def __init__(self, bounds: Mapping[Place, tuple[int, int]], committed: Mapping[Place, int]) -> None:
        self._bounds = bounds
        self._committed = committed

    def bounds(self, *place: Any) -> Bounds:
        return Bounds(*self._bounds.get(place, (0, 0)))

    def committed(self, group: str, *place: Any) -> int | None:
        return self._committed.get(place)

    def topics(self) -> list[TopicInfo]:
        return [TopicInfo(topic.name, 2, 0, None) for topic in (topics.SIDES, topics.EDGES)]


class Busy(Offsets):
    """A log whose groups advance in all partitions but one."""

    def committed(self, group: str, topic: str, partition: int) -> int | None:
        self._committed = {place: at + 1 if place[1] else at for place, at in self._committed.items()}
        return super().committed(group, topic, partition)


class Time:
    """Passes as it is slept."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.mark.parametrize(
    ("bounds", "committed", "expected"),
    [
        ({(CONNECTIONS, 0): (0, 5)}, {(CONNECTIONS, 0): 5}, True),
        ({(CONNECTIONS, 0): (0, 5)}, {(CONNECTIONS, 0): 4}, False),
        ({(CONNECTIONS, 0): (0, 5), (CONNECTIONS, 1): (0, 5)}, {(CONNECTIONS, 0): 5}, False),
        # What retention has taken is nobody's to read.
        ({(CONNECTIONS, 0): (0, 5), (CONNECTIONS, 1): (9, 9)}, {(CONNECTIONS, 0): 5}, True),
        ({(CONNECTIONS, 1): (9, 9), (SIDES, 0): (9, 9), (EDGES, 1): (3, 3)}, {}, True),
        ({(CONNECTIONS, 1): (9, 9), (SIDES, 0): (8, 9)}, {(SIDES, 1): 0}, False),
    ],
)
def test_a_partition_is_waited_for_only_while_it_has_something_to_read(
    bounds: Mapping[Place, tuple[int, int]], committed: Mapping[Place, int], expected: bool
) -> None:
    time = Time()
    log = cast(Log, Offsets(bounds, committed))
    read = {place: end for place, (_, end) in bounds.items() if place[0] == CONNECTIONS}

    assert caught_up(log, read, time, time.sleep) is expected


def test_a_reader_that_does_not_advance_is_given_up_even_if_others_are_busy() -> None:
    time = Time()
    log = Busy({(CONNECTIONS, 0): (0, 5), (CONNECTIONS, 1): (0, 5)}, {(CONNECTIONS, 0): 4, (CONNECTIONS, 1): 5})

    assert not caught_up(cast(Log, log), {(CONNECTIONS, 0): 5, (CONNECTIONS, 1): 5}, time, time.sleep)
    assert time.now < 30

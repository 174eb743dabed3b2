"""Of which time the counters of a window are."""

import pytest

from collectors.spans import Spans
from collectors.window import Window

WIDTH = 5_000


class Clock:
    """Two clocks; the machine sleeps while only the wall clock moves."""

    def __init__(self) -> None:
        self.wall, self.awake = 0, 0.0

    def move(self, seconds: float, slept: float = 0) -> None:
        self.wall += round((seconds + slept) * 1000)
        self.awake += seconds


def window(start: int) -> Window:
    return Window("h", "b", 0, 0, start, WIDTH, keyframe=False)


def spans(began: float = 0) -> tuple[Spans, Clock]:
    clock = Clock()
    clock.move(began)
    return Spans(lambda: clock.wall, lambda: clock.awake), clock


def test_the_first_window_is_of_the_time_since_the_agent_began_and_others_of_themselves() -> None:
    seen, clock = spans(1)
    clock.move(4)
    assert seen.covers(None, window(0)) == 4_000
    seen.count(None, window(0))
    clock.move(5)
    assert seen.covers(None, window(5_000)) == 0


@pytest.mark.parametrize("late", [0, 4.9])
@pytest.mark.parametrize(("slept", "covers"), [(0, 35_000), (1.8, 35_000), (23, 12_000), (30, 0), (34, 0)])
def test_after_a_pause_it_is_of_all_the_time_that_the_machine_was_awake(late: float, slept: float, covers: int) -> None:
    seen, clock = spans()
    clock.move(5 + late)
    seen.count(None, window(0))
    clock.move(35 - late - slept, slept)
    assert seen.covers(None, window(35_000)) == covers


def test_each_source_has_a_time_of_its_own() -> None:
    seen, clock = spans()
    for start in (0, 5_000, 10_000):
        clock.move(5)
        if start != 5_000:  # it failed in this one
            assert seen.covers("sockets", window(start)) == (10_000 if start else 0)
            seen.count("sockets", window(start))
        seen.count(None, window(start))


@pytest.mark.parametrize(
    ("awake", "slept", "overslept"), [(5.2, 0, False), (7.4, 0, False), (7.6, 0, True), (40, 0, True), (5.4, 34, False)]
)
def test_a_window_is_moved_when_much_of_another_is_counted_with_it(awake: float, slept: float, overslept: bool) -> None:
    seen, clock = spans()
    clock.move(awake, slept)
    assert seen.overslept(window(0), clock.wall) is overslept

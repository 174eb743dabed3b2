"""Which of what is kept goes first: no clock, no disk."""

from graph.stored import Dropped
from schemas.times import DAY_MS, HOUR_MS
from servicemap.budget import Holding, shrunk
from sinks.dropping import Gone

NOW = 100 * DAY_MS


class Held:
    """A holding with so many hours up to now, of ten bytes each."""

    def __init__(self, what: Dropped, hours: int) -> None:
        self.what = what
        self.hours = hours

    def oldest(self) -> int | None:
        return NOW - (self.hours - 1) * HOUR_MS if self.hours else None

    def drop(self, until: int) -> Gone:
        self.hours -= 1
        return Gone(self.what, until, 1, 10)


def shrink(budget: int, **hours: int) -> tuple[list[str], dict[str, int]]:
    """Return what went, stretch by stretch, and how many hours are left of each holding."""
    held: list[Held] = [Held(Dropped(what), count) for what, count in hours.items()]
    holdings: list[Holding] = [*held]
    gone = list(shrunk(holdings, lambda: 10 * sum(one.hours for one in held), budget, NOW))
    return [one.what for one in gone], {one.what: one.hours for one in held}


def test_nothing_goes_while_there_is_room() -> None:
    assert shrink(600, flows=30, log=30) == ([], {"flows": 30, "log": 30})


def test_no_more_goes_than_has_to() -> None:
    assert shrink(595, flows=30, log=30) == (["flows"], {"flows": 29, "log": 30})


def test_flows_go_first_then_the_log_and_minutes_last() -> None:
    gone, left = shrink(740, flows=30, log=30, minutes=30)
    assert (gone, left) == (["flows"] * 6 + ["log"] * 6 + ["minutes"] * 4, {"flows": 24, "log": 24, "minutes": 26})


def test_the_last_day_goes_only_when_nothing_older_is_left() -> None:
    gone, left = shrink(500, flows=25, log=30, minutes=26)
    assert gone == ["flows"] + ["log"] * 6 + ["minutes"] * 2 + ["flows"] * 22
    assert left == {"flows": 2, "log": 24, "minutes": 24}


def test_the_last_two_hours_stay_whatever_they_take() -> None:
    _, left = shrink(0, flows=30, log=30, minutes=30)
    assert left == {"flows": 2, "log": 2, "minutes": 2}

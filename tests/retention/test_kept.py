"""How far back what is kept will reach, by limits of its own and by the share of the disk."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from graph.stored import Dropped
from schemas.times import DAY_MS, HOUR_MS, MINUTE_MS
from servicemap.budget import LEAST_MS
from servicemap.retention.kept import Kept, projected
from servicemap.retention.resolutions import RESOLUTIONS
from sinks.reconcile import ALL

GiB = 1 << 30


def kept(gives: Dropped | None, days: float | None, daily: int, limit_bytes: int | None = None) -> Kept:
    """Return what has taken so much a day for two days."""
    return Kept(
        what="store",
        name=gives or "other",
        answers="",
        since=0,
        until=2 * DAY_MS,
        limit_ms=None if days is None else int(days * DAY_MS),
        limit_bytes=limit_bytes,
        bytes=2 * daily,
        gives=gives,
    )


USUAL = (
    kept(Dropped.FLOWS, 15, GiB),
    kept(Dropped.LOG, 7, GiB),
    kept(Dropped.LOG, 1, GiB),
    kept(Dropped.MINUTES, 30, GiB // 10),
)


def days(found: Sequence[Kept]) -> list[float]:
    return [round((one.reach_ms or 0) / DAY_MS, 2) for one in found]


def test_what_fits_reaches_back_to_its_limits() -> None:
    found = projected(USUAL, 100 * GiB)

    assert days(found) == [15, 7, 1, 30]
    assert [one.daily_bytes for one in found] == [GiB, GiB, GiB, GiB // 10]
    assert days(projected(USUAL, 0)) == [15, 7, 1, 30], "there is no budget"


def test_windows_give_way_first_then_the_log_then_minutes() -> None:
    assert days(projected(USUAL, 20 * GiB)) == [9, 7, 1, 30]
    assert days(projected(USUAL, 10 * GiB)) == [1, 5, 1, 30]
    assert days(projected(USUAL, 4 * GiB)) == [1, 1, 1, 10]
    assert days(projected(USUAL, 1)) == [0.08, 0.08, 0.08, 0.08]


def test_what_is_promised_to_replays_stays() -> None:
    assert days(projected(USUAL, 4 * GiB, promised_ms=3 * DAY_MS)) == [0.08, 3, 1, 0.08]


def test_a_topic_reaches_as_far_as_its_bytes() -> None:
    assert days(projected([kept(Dropped.LOG, 7, GiB, 3 * GiB)], 0)) == [3]


def test_what_is_kept_for_ever_has_no_reach() -> None:
    (found,) = projected([kept(None, None, GiB)], GiB)

    assert (found.reach_ms, found.daily_bytes, found.bytes) == (None, None, 2 * GiB)


def test_nothing_is_divided_by_no_time() -> None:
    young = Kept(
        what="log", name="x", answers="", since=5, until=5, limit_ms=DAY_MS, limit_bytes=None, bytes=10
    )  # fmt: skip

    assert projected([young], 0)[0].daily_bytes == 10 * DAY_MS // MINUTE_MS


ROWS = st.lists(
    st.builds(
        kept,
        st.sampled_from([*Dropped, None]),
        st.none() | st.floats(0.1, 400),
        st.integers(0, GiB),
        st.none() | st.integers(1, 9 * GiB),
    ),
    max_size=8,
)


@given(ROWS, st.integers(0, 100 * GiB), st.integers(0, 100).map(lambda hours: hours * HOUR_MS))
def test_the_budget_is_kept_to_as_far_as_anything_may_go(rows: list[Kept], budget: int, promised: int) -> None:
    found = projected(rows, budget, promised)

    assert [one.name for one in found] == [one.name for one in rows]
    free = projected(rows, 0)
    for one, other in zip(found, free, strict=True):
        assert (one.reach_ms is None) == (other.reach_ms is None)
        least = max(LEAST_MS[-1], promised) if one.gives is Dropped.LOG else LEAST_MS[-1]
        assert min(other.reach_ms or 0, least) <= (one.reach_ms or 0) <= (other.reach_ms or 0)
    taken = sum((one.daily_bytes or 0) * one.reach_ms // DAY_MS if one.reach_ms else one.bytes or 0 for one in found)
    giving = [one for one in found if one.gives and one.reach_ms]
    may_go = any(
        (one.reach_ms or 0) > (max(LEAST_MS[-1], promised) if one.gives is Dropped.LOG else LEAST_MS[-1]) + MINUTE_MS
        for one in giving
        if one.daily_bytes
    )
    assert not budget or taken <= budget or not may_go


def test_every_table_of_the_store_is_in_one_resolution() -> None:
    named = [table.name for one in RESOLUTIONS for table in one.tables]

    assert sorted(named) == sorted(table.name for table in ALL)
    assert [one.name for one in RESOLUTIONS if one.gives] == ["windows", "minutes"]
    for one in RESOLUTIONS:
        assert len({table.kept and table.kept.days for table in one.tables}) == 1 or one.name == "records"

"""Times are read as people write them, and what is none is refused with one sentence."""

from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.moments import duration, moment

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 30, 14, 5, 30, tzinfo=UTC)  # a Monday


def read(text: str, now: datetime = NOW, zone: ZoneInfo | None = None) -> str:
    found = moment(text, now.timestamp() * 1000, zone or UTC)
    return datetime.fromtimestamp(found / 1000, zone or UTC).strftime("%Y-%m-%d %H:%M:%S")


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("now", "2026-11-30 14:05:30"),
        ("10m", "2026-11-30 13:55:30"),
        ("-10m", "2026-11-30 13:55:30"),
        ("1h30m", "2026-11-30 12:35:30"),
        ("1h 30m ago", "2026-11-30 12:35:30"),
        ("2 hours ago", "2026-11-30 12:05:30"),
        ("2w", "2026-11-16 14:05:30"),
        ("yesterday", "2026-11-29 14:05:30"),
        ("Yesterday 9:30", "2026-11-29 09:30:00"),
        ("yesterday at 23:59:59", "2026-11-29 23:59:59"),
        ("today", "2026-11-30 00:00:00"),
        ("today 9:00", "2026-11-30 09:00:00"),
        ("9:00", "2026-11-30 09:00:00"),
        ("friday", "2026-11-27 00:00:00"),
        ("friday 18:00", "2026-11-27 18:00:00"),
        ("monday 9:00", "2026-11-30 09:00:00"),
        ("monday 18:00", "2026-11-23 18:00:00"),
        ("2026-11-28 14:00", "2026-11-28 14:00:00"),
        ("2026-11-28T14:00Z", "2026-11-28 14:00:00"),
        ("2026-11-28", "2026-11-28 00:00:00"),
        ("@1796047530", "2026-11-30 14:05:30"),
    ],
)
def test_a_time_is_read_as_people_write_it(text: str, time: str) -> None:
    assert read(text) == time


def test_days_are_those_of_the_zone_also_where_its_clock_changes() -> None:
    after = datetime(2026, 10, 25, 20, tzinfo=UTC)  # 21:00 in Berlin, on the day whose clocks went back
    assert read("yesterday", after, BERLIN) == "2026-10-24 21:00:00"
    assert read("today", after, BERLIN) == "2026-10-25 00:00:00"


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("500ms", 500),
        ("30", 30_000),
        ("1.5h", 5_400_000),
        ("1h30m", 5_400_000),
        ("2w", 1_209_600_000),
        ("1 day", 86_400_000),
    ],
)
def test_a_duration_is_the_sum_of_its_pieces(text: str, ms: int) -> None:
    assert duration(text) == ms


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("yesterdy", "'yesterdy' is not a time: did you mean yesterday?"),
        ("noon", "'noon' is not a time"),
        ("yesterday 25:00", "is not a time; give yesterday, 12:00, 2026-05-01 12:00, 10m or 1h30m (ago)"),
        ("5", "is not a time"),
        ("1h30", "is not a time"),
        ("99999999999999999d", "is out of range"),
    ],
)
def test_what_is_no_time_is_refused_with_one_sentence(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=r"^'") as refused:
        read(text)
    assert reason in str(refused.value)


@given(st.text(max_size=30) | st.text("0123456789hmwdsago -:.@T", max_size=20), st.booleans())
def test_any_text_is_a_time_or_is_refused(text: str, local: bool) -> None:
    for found in tried(text, local):
        assert isinstance(found, int) or "give" in found or "did you mean" in found


def tried(text: str, local: bool) -> Iterator[int | str]:
    try:
        yield moment(text, NOW.timestamp() * 1000, None if local else UTC)
    except ValueError as error:
        yield str(error)
    try:
        yield duration(text)
    except ValueError as error:
        yield str(error)

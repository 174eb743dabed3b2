from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.latency import ERROR, LONGEST_US, bucket, microseconds, quantile

times = st.floats(1, LONGEST_US)


@given(times)
def test_a_bucket_gives_a_time_within_the_relative_error(time: float) -> None:
    assert microseconds(bucket(time)) == pytest.approx(time, rel=ERROR * 1.000001)


@given(st.lists(times, min_size=1), st.floats(0, 1))
def test_a_quantile_is_within_the_relative_error(observed: list[float], share: float) -> None:
    true = sorted(observed)[int(share * (len(observed) - 1))]
    assert quantile(Counter(map(bucket, observed)), share) == pytest.approx(true, rel=ERROR * 1.000001)


@given(st.lists(times), st.lists(times))
def test_sketches_are_united_by_adding_them_up(one: list[float], other: list[float]) -> None:
    assert Counter(map(bucket, one)) + Counter(map(bucket, other)) == Counter(map(bucket, one + other))


@pytest.mark.parametrize("time", [-5.0, 0.0, 0.5, 1.0])
def test_what_takes_no_measurable_time_is_in_the_first_bucket(time: float) -> None:
    assert bucket(time) == 0


def test_a_sketch_of_nothing_has_no_quantiles() -> None:
    assert quantile({}, 0.5) == 0

"""Looking at requests takes less CPU time when others want all there is."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.allowance import LEAST_S, LEAST_SHARE, MOST_SHARE, PLENTY, Spare, allowance, cpu_times


@pytest.mark.parametrize(("spare", "share"), [(0.0, LEAST_SHARE), (PLENTY, MOST_SHARE), (40.0, MOST_SHARE)])
def test_the_more_cores_are_to_spare_the_more_may_be_taken(spare: float, share: float) -> None:
    assert allowance(10.0, spare) == pytest.approx(10 * share)


def test_in_a_short_window_a_little_may_be_taken_whatever_others_want() -> None:
    assert allowance(1.0, 0.0) == LEAST_S


def test_what_runs_at_low_priority_and_waiting_for_disks_leave_cpus_to_spare(tmp_path: Path) -> None:
    clock: Iterator[float] = iter(range(100))
    spare = Spare(str(tmp_path), lambda: next(clock))
    (tmp_path / "stat").write_text("cpu  100 100 100 100 100 0 0 0 0 0\ncpu0 1 2\n")
    assert spare.cores() == os.cpu_count()
    (tmp_path / "stat").write_text("cpu  125 110 125 120 120 0 0 0 0 0\ncpu0 1 2\n")
    assert spare.cores() == (os.cpu_count() or 1) / 2


def test_without_the_times_of_cpus_all_are_taken_to_be_idle(tmp_path: Path) -> None:
    assert Spare(str(tmp_path)).cores() == os.cpu_count()


@given(st.binary())
def test_any_text_is_read_or_passed_over(stat: bytes) -> None:
    cpu_times(stat)
    cpu_times(b"cpu " + stat)

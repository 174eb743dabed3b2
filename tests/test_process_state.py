"""What a test sets in its process ends with it."""

import gc
import os
import signal
import threading
from typing import Any

import pytest

from servicemap.config import given_values, load
from servicemap.process import stop_event, tune_memory
from tests.process_state import process_state_kept, umask

ODD = 0o123  # no test's umask


def state() -> dict[str, Any]:
    return {
        "umask": umask(),
        "handlers": [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)],
        "dying threads": threading.excepthook,
        "cycles": (gc.get_threshold(), gc.get_freeze_count()),
    }


def test_a_command_that_ran_in_this_process_leaves_it_as_it_was() -> None:
    os.umask(0o022)
    before = state()
    with process_state_kept():
        stop_event()
        tune_memory()
        within = state()
    assert {name for name, value in within.items() if value != before[name]} == {*before}
    assert state() == before


def test_a_command_that_failed_leaves_the_process_as_it_was() -> None:
    def run() -> None:
        stop_event()
        raise ZeroDivisionError

    before = state()
    with pytest.raises(ZeroDivisionError), process_state_kept():
        run()
    assert state() == before


@pytest.fixture(scope="module")
def seen() -> list[int]:
    """Set the umask as a command does that a fixture of many tests runs; the tests note what they begin with."""
    os.umask(ODD)
    return []


@pytest.mark.parametrize("turn", ["first", "second"])
def test_a_fixture_of_many_tests_sets_the_umask_for_the_first_of_them_alone(seen: list[int], turn: str) -> None:
    seen.append(umask())
    assert ODD not in seen[1:], f"the {turn} test"


@pytest.mark.parametrize("turn", ["first", "second"])
def test_every_test_begins_with_the_umask_of_the_suite(turn: str) -> None:
    assert umask() != ODD, f"the {turn} test"
    os.umask(ODD)


def test_no_setting_of_whoever_starts_the_tests_and_no_program_of_this_machine_reaches_an_agent() -> None:
    assert {origin for *_, origin in given_values()} == {"SERVICEMAP_COLLECTORS__DISCOVER"}
    assert load().collectors.discover == ""

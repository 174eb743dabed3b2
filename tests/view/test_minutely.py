"""Answers that are read once a minute for all readers, also while they are being read."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from schemas.times import MINUTE_MS
from sinks.store import Store
from view.minutely import Minutely

STORE: Any = None


class Reads:
    """Counts what is read, and can be held or let fail."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, str]] = []
        self.began = threading.Event()
        self.held: dict[str, threading.Event] = {}
        self.fails = False

    def __call__(self, store: Store, minute: int, level: str) -> str:
        self.asked.append((minute, level))
        if level in self.held:
            self.began.set()
            assert self.held[level].wait(30)
        if self.fails:
            raise ZeroDivisionError
        return f"{level} at {minute}"


def test_an_answer_is_read_once_for_a_minute_and_its_arguments() -> None:
    reads = Reads()
    cache = Minutely(reads, most=3)
    start = 7 * MINUTE_MS

    assert cache.at(STORE, start, "service") == cache.at(STORE, start + MINUTE_MS - 1, "service")
    assert cache.at(STORE, start, "host") == f"host at {start}"
    assert cache.at(STORE, start + MINUTE_MS, "host") == f"host at {start + MINUTE_MS}"
    assert reads.asked == [(start, "service"), (start, "host"), (start + MINUTE_MS, "host")]


def test_the_oldest_answers_go() -> None:
    reads = Reads()
    cache = Minutely(reads, most=2)
    for level in ("service", "host", "process", "host", "service"):
        cache.at(STORE, 0, level)
    assert [level for _, level in reads.asked] == ["service", "host", "process", "service"]


def test_readers_of_one_answer_wait_for_one_query_and_others_for_none() -> None:
    reads = Reads()
    reads.held["service"] = threading.Event()
    cache = Minutely(reads, most=3)
    with ThreadPoolExecutor(2) as threads:
        same = [threads.submit(cache.at, STORE, 0, "service") for _ in range(2)]
        assert reads.began.wait(30)
        assert cache.at(STORE, 0, "host") == "host at 0"
        reads.held["service"].set()
        assert [one.result(30) for one in same] == ["service at 0"] * 2
    assert sorted(level for _, level in reads.asked) == ["host", "service"]


def test_an_answer_that_could_not_be_read_is_asked_for_again() -> None:
    reads = Reads()
    cache = Minutely(reads, most=3)
    reads.fails = True
    with pytest.raises(ZeroDivisionError):
        cache.at(STORE, 0, "service")
    reads.fails = False
    assert cache.at(STORE, 0, "service") == "service at 0"

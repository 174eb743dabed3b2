import http.client
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psutil

from tests.cli import town
from tests.cli.conftest import running_store
from tests.view.serving import Past, View, hung, remembered, viewing


class Stream:
    """A page that listens."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self._response = response
        assert response.headers["Content-Type"] == "text/event-stream"

    def next(self, name: str) -> Any:
        """Return the data of the next event with this name."""
        current = ""
        while line := self._response.readline().decode():
            if line.startswith("event: "):
                current = line.removeprefix("event: ").strip()
            if line.startswith("data: ") and current == name:
                return json.loads(line.removeprefix("data: "))
        raise AssertionError(f"the stream ended without {name}")


@contextmanager
def listening(view: View) -> Iterator[Stream]:
    connection = view.connect()
    try:
        connection.request("GET", "/api/stream")
        yield Stream(connection.getresponse())
    finally:
        connection.close()


def store_connections(view: View, past: Past) -> int:
    connections = psutil.Process(view.pid).net_connections()
    return sum(bool(each.raddr) and each.raddr.port == past.facts["native_port"] for each in connections)


def test_pages_are_notified_of_a_newer_window_and_get_it(tmp_path: Path) -> None:
    with remembered(tmp_path) as past, viewing(past.data) as view:
        assert view.api("map")["newest"] == past.now
        with listening(view) as one, listening(view) as other:
            assert one.next("newest") == other.next("newest") == {"newest": past.now}
            past.store_minute(past.now + town.WIDTH)
            newer = {"newest": past.now + town.WIDTH}
            assert one.next("newest") == other.next("newest") == newer
            assert view.api("map")["newest"] == newer["newest"]


def test_pages_share_one_poll_and_nobody_polls_when_all_are_closed(past: Past) -> None:
    with viewing(past.data) as view:
        with listening(view) as one, listening(view) as other:
            assert one.next("newest") == other.next("newest")
            assert store_connections(view, past) == 1
        process = psutil.Process(view.pid)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:  # until it does nothing for a whole second
            before = process.cpu_times()
            time.sleep(1.2)
            after = process.cpu_times()
            if (before.user, before.system) == (after.user, after.system):
                return
        raise AssertionError("the view does not come to rest")


def test_a_store_that_goes_away_is_reported_and_found_at_another_place(tmp_path: Path) -> None:
    with ExitStack() as store:
        past = store.enter_context(remembered(tmp_path))
        with viewing(past.data) as view, listening(view) as page:
            assert page.next("newest") == {"newest": past.now}
            store.close()
            assert "no ClickHouse answers" in page.next("away")["error"]
            assert view.get("/api/map").status == 503
            store.enter_context(running_store(past.data / "store"))
            assert page.next("newest") == {"newest": past.now}
            assert view.api("map")["newest"] == past.now


def test_a_store_that_hangs_is_reported_within_seconds_and_found_again(tmp_path: Path) -> None:
    with remembered(tmp_path) as past, viewing(past.data) as view, listening(view) as page:
        assert page.next("newest") == {"newest": past.now}
        with hung(past):
            began = time.monotonic()
            assert page.next("away") == {"error": "The store does not answer."}
            assert time.monotonic() - began < 15
        assert page.next("newest") == {"newest": past.now}


def test_an_empty_store_has_an_empty_map(tmp_path: Path) -> None:
    with running_store(tmp_path / "store"), viewing(tmp_path) as view:
        empty = view.api("map")
        assert (empty["newest"], empty["nodes"], empty["edges"], empty["gone"]) == (0, [], [], [])
        assert view.api("timeline")["buckets"] == []
        assert view.api("health")["newest"] == 0


def test_the_view_needs_little_memory(past: Past) -> None:
    with viewing(past.data) as view:
        view.api("map", level="process")
        assert psutil.Process(view.pid).memory_info().rss < 70 << 20

"""Windows that were dropped to make room: the view shows the minutes that are left, and shows that."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from click.testing import CliRunner
from playwright.sync_api import Browser, expect

from graph.stored import Dropped
from schemas.ids import service_node
from schemas.times import MINUTE_MS, iso
from servicemap.cli import main
from sinks import dropping
from sinks.address import Address
from sinks.dropping import Gone
from sinks.rollup import Rollup
from sinks.store import Store
from tests.cli import town
from tests.view.browsing import opened
from tests.view.serving import Past, View, remembered, viewing


@pytest.fixture(scope="module")
def thinned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    """The town and a minute of its past, of which the windows were dropped and whole minutes are left."""
    with remembered(tmp_path_factory.mktemp("thinned")) as past:
        past.store_minute(past.now - 45 * MINUTE_MS)
        address = Address("127.0.0.1", past.facts["native_port"], "servicemap", "", "servicemap", past.token)
        with closing(Store(address)) as store:
            rollup = Rollup(store)
            rollup.resume()
            rollup.roll_up()
            dropping.note(store, Gone(Dropped.FLOWS, dropped(past), 1, 1), past.now)
            store.query(
                "DELETE FROM edges WHERE window < fromUnixTimestamp64Milli(toInt64(%(at)s))", {"at": dropped(past)}
            )
        yield past


@pytest.fixture(scope="module")
def view(thinned: Past) -> Iterator[View]:
    with viewing(thinned.data) as running:
        yield running


def dropped(past: Past) -> int:
    return past.now - 30 * MINUTE_MS


def minute(past: Past) -> dict[str, int]:
    """Return the minute of the past, and the one before it."""
    return {"from_": past.now - 47 * MINUTE_MS, "to": past.now - 45 * MINUTE_MS}


def test_the_time_line_is_of_minutes_and_shows_up_to_when_windows_are_gone(thinned: Past, view: View) -> None:
    line = view.api("timeline", **minute(thinned))

    assert line["dropped"] == dropped(thinned)
    assert line["step_ms"] == MINUTE_MS
    assert any(bucket["bytes"] for bucket in line["buckets"])


def test_the_map_of_that_time_is_there_but_between_addresses(thinned: Past, view: View) -> None:
    edges = {level: view.api("map", level=level, **minute(thinned))["edges"] for level in ("service", "address")}

    assert len(edges["service"]) == len(town.TALKS)
    assert edges["address"] == []


def test_a_time_without_windows_has_no_points_between_addresses(thinned: Past, view: View) -> None:
    whole = {"from_": thinned.now - 47 * MINUTE_MS, "to": thinned.now}
    answer = view.api("node", id="address:10.0.0.2", level="address", **whole)

    assert all(seconds == 0 for at, seconds in answer["recorded"] if at + MINUTE_MS <= dropped(thinned))
    assert any(seconds for _, seconds in answer["recorded"])
    assert service_node("postgres") in {node["id"] for node in view.api("map", **minute(thinned))["nodes"]}


def test_the_command_line_shows_it(thinned: Past) -> None:
    at = iso(thinned.now - 45 * MINUTE_MS)
    result = CliRunner().invoke(main, ["map", "--at", at, "--data", str(thinned.data)])

    assert (result.exit_code, f"windows before {iso(dropped(thinned))} were dropped" in result.stderr) == (0, True)
    assert town.NGINX.service in result.stdout


def test_the_page_shows_it(browser: Browser, thinned: Past, view: View) -> None:
    with opened(browser, f"{view.url}#at={thinned.now - 45 * MINUTE_MS}") as page:
        expect(page.locator("#past")).to_contain_text("were dropped to make room on the disk. Whole minutes are left.")
        page.locator("#past button").click()
        expect(page.locator("#past")).to_be_hidden()

"""The page on faulty edges, on times without records, and while it waits."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from graph.levels import LEVELS
from schemas.ids import service_node
from schemas.times import MINUTE_MS
from tests.cli import town
from tests.view.browsing import click, edge, opened, shows
from tests.view.serving import Past, View, hung, remembered, viewing

pytestmark = pytest.mark.slow

NGINX, SHOP = service_node("nginx"), service_node(town.WEIRD)
NODES = 6  # on the map


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    """The town, where the shop answers in 300 ms now and took 4 ms in the minutes before. Some clients give up."""
    with remembered(tmp_path_factory.mktemp("slow")) as past:
        for minutes in (40, 20, 1):
            past.store_minute(past.now - minutes * MINUTE_MS)
            past.store_requests(past.now - minutes * MINUTE_MS, 4, GET_2xx=4)
        past.store_requests(past.now, 300, given_up=2, GET_2xx=2)
        yield past


@pytest.fixture(scope="module")
def slow_view(slow: Past) -> Iterator[View]:
    with viewing(slow.data) as running:
        yield running


@pytest.fixture
def page(browser: Browser, slow_view: View) -> Iterator[Page]:
    with opened(browser, slow_view.url) as found:
        shows(found, NODES)
        yield found


@pytest.mark.parametrize("level", LEVELS)
def test_a_dependency_that_became_slow_has_a_fault_at_every_level_with_its_usual_time(
    slow: Past, slow_view: View, level: str
) -> None:
    found = slow_view.api("map", level=level)
    (one,) = [each for each in found["edges"] if each["server_port"] == 8000]
    assert (one["health"], one["errors"], one["given_up"]) == ("bad", 0, 2 * town.WINDOWS)
    (why,) = one["why"]
    assert (why["measure"], why["text"].split(" ms")[0][:2]) == ("latency", "30")
    assert "usually 4" in why["text"] or "usually 3.9" in why["text"]
    assert one["usual_ms"] == pytest.approx(4, rel=0.02)
    assert {each["health"] for each in found["edges"] if each is not one} == {"ok"}
    earlier = slow_view.api("map", level=level, to=slow.now - MINUTE_MS)
    assert {each["health"] for each in earlier["edges"]} == {"ok"}
    ranged = {"from_": slow.now - MINUTE_MS, "to": slow.now}
    answer = slow_view.api("edge", client=one["client"], server=one["server"], port=8000, level=level, **ranged)
    assert (answer["facts"]["health"], answer["facts"]["why"]) == ("bad", one["why"])


def test_the_panel_of_a_marked_node_has_the_reason_and_leads_to_the_faulty_edge(page: Page) -> None:
    click(page, SHOP)
    guilty = page.locator("#panel .guilty li")
    expect(guilty).to_have_count(1)
    expect(guilty).to_contain_text("nginx →")
    expect(guilty).to_contain_text("usually")
    first = page.locator("#panel .links li").first
    expect(first).to_contain_text("nginx")
    expect(first.locator(".mark")).to_have_class("mark bad")
    expect(page.locator("#panel .links .mark.ok").first).to_be_visible()
    guilty.locator("button").click()
    expect(page.locator("#panel .why")).to_contain_text("usually")
    expect(page.locator("#panel .tiles div", has_text="Given up by clients")).to_contain_text("24")
    expect(page.locator("#panel .tiles div", has_text="Errors").locator("dd")).to_have_class("")
    expect(page.locator("#panel .tiles dd.bad")).to_contain_text("30")


def test_the_time_line_shows_http_errors_and_times_without_records(slow: Past, page: Page) -> None:
    slow.store_requests(slow.now - 40 * MINUTE_MS, 4, GET_5xx=4)
    page.reload()
    chart = page.locator("#time .chart")
    expect(page.locator("#time .band")).to_be_visible()
    box = chart.bounding_box()
    assert box is not None

    def pointed(minutes: float) -> Any:
        page.mouse.move(box["x"] + box["width"] * (1 - minutes / 60), box["y"] + 30)
        return page.locator("#time .when")

    expect(pointed(40.5)).to_contain_text("request error")
    expect(pointed(30)).to_contain_text("nothing was recorded")


def test_a_store_that_hangs_is_reported_the_old_picture_is_labelled_and_the_page_recovers(
    slow: Past, page: Page
) -> None:
    with hung(slow):
        page.locator("#levels button", has_text="Hosts").click()
        loading = page.locator("#loading")
        expect(loading).to_contain_text("Loading Hosts", timeout=3_000)
        expect(loading).to_contain_text("You see Services")
        expect(page.locator("#time .shown")).to_contain_text("while another map loads")
        expect(page.locator("#loading .stuck, #banner:not([hidden])").first).to_contain_text(
            "not answer", timeout=9_000
        )
    shows(page, 4)
    expect(page.locator("#banner")).to_be_hidden()
    expect(loading).to_be_hidden()


def test_a_page_that_is_opened_while_the_store_hangs_reports_it_and_shows_the_map_later(
    slow: Past, slow_view: View, browser: Browser
) -> None:
    with hung(slow) as store, opened(browser, slow_view.url) as other:
        expect(other.locator("#notice")).to_contain_text("Reading the map")
        expect(other.locator("#notice")).to_contain_text("The store has not answered", timeout=9_000)
        store.resume()
        shows(other, NODES)
        expect(other.locator("#notice")).to_be_hidden()


def test_while_a_time_range_loads_the_label_is_that_of_the_map_shown(slow: Past, page: Page) -> None:
    before = page.locator("#time .shown b").inner_text()
    page.route("**/api/map?*", lambda _: None)
    page.evaluate("at => servicemap.state.set({ at })", slow.now - 20 * MINUTE_MS)
    expect(page.locator("#loading")).to_contain_text("You see")
    expect(page.locator("#time .shown b")).to_have_text(before)
    expect(page.locator("#past")).not_to_contain_text("You see the past")
    page.unroute_all(behavior="ignoreErrors")  # let the held requests go on
    expect(page.locator("#past")).to_contain_text("You see the past")
    expect(page.locator("#loading")).to_be_hidden()
    expect(page.locator("#time .shown b")).not_to_have_text(before)


def test_the_panel_has_the_facts_that_programs_print_of_a_node(page: Page) -> None:
    click(page, NGINX)
    heading = page.locator("#panel h3", has_text="Facts of your own")
    expect(heading).to_be_visible()
    expect(page.locator("#panel dl", has_text="tls.not_after :443")).to_contain_text("2027-01-01T00:00:00Z")


def test_the_panel_shows_that_it_waits(slow: Past, page: Page) -> None:
    click(page, edge(page, NGINX, SHOP))
    expect(page.locator("#panel .chart-box").first).to_be_visible()
    page.route("**/api/edge?*", lambda _: None)
    page.locator("#time .segments button", has_text="6h").click()
    expect(page.locator("#panel .wait")).to_contain_text("Below:")
    page.unroute_all(behavior="ignoreErrors")  # let the held requests go on
    expect(page.locator("#panel .wait")).to_have_count(0)


def test_newer_windows_do_not_begin_a_slow_load_of_the_panel_anew(page: Page) -> None:
    held: list[str] = []
    page.route("**/api/edge?*", lambda route: held.append(route.request.url))
    click(page, edge(page, NGINX, SHOP))
    expect(page.locator("#panel h2")).to_have_text("…")
    for _ in range(3):
        page.evaluate("servicemap.data.newest += 11_000; servicemap.data.notify()")
    expect(page.locator("#panel .wait")).to_have_count(1)
    assert len(held) == 1
    page.unroute_all(behavior="ignoreErrors")  # let the held request go on
    expect(page.locator("#panel .chart-box").first).to_be_visible()


def test_a_fault_of_a_host_is_listed_while_it_lasts_with_what_to_do(browser: Browser, tmp_path: Path) -> None:
    with remembered(tmp_path) as past, viewing(past.data) as view:
        past.store_heartbeat(
            past.now - town.WIDTH, "id-db1", {"connections": "PermissionError: Operation not permitted"}
        )
        with opened(browser, view.url) as page:
            listed = page.locator("#changes li")
            expect(listed.filter(has_text="the collector of connections on db1 fails")).to_contain_text(
                "servicemap doctor"
            )
            later = past.now + 2 * MINUTE_MS
            past.store_minute(later)
            expect(listed.filter(has_text="the collector of")).to_have_count(0)
        then = past.now - 20 * MINUTE_MS
        past.store_heartbeat(then - 5 * MINUTE_MS, "id-db1", {})
        past.store_heartbeat(then - town.WIDTH, "id-web1", {})
        silent = [(each["kind"], each["subject"]) for each in view.api("map", to=then)["lives"]]
        assert silent == [("host_silent", "host:id-db1")]

"""Compare mode of the page: what is gone is a ghost, what is new has a halo, and a list says what differs."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from schemas.ids import service_node
from schemas.times import MINUTE_MS
from tests.cli import town
from tests.view.browsing import SCREEN, opened, shows
from tests.view.serving import Past, View

pytestmark = pytest.mark.slow

NEW, GONE = "address:198.51.100.7", service_node("sleep")
LINES = "[...servicemap.graph.scene.edges.values()].map(each => [each.client, each.server, each.label, each.halo])"


@pytest.fixture
def page(browser: Browser, past: Past, view: View) -> Iterator[Page]:
    """The map of the last minute, which does not move on."""
    with opened(browser, f"{view.url}#at={past.now}") as found:
        shows(found, 7)
        yield found


def test_the_map_is_compared_with_an_earlier_time_and_the_address_says_so(page: Page) -> None:
    page.keyboard.press("c")
    expect(page.locator("#compare")).to_be_focused()
    page.locator("#compare").select_option("before")

    found = page.locator("#differences")
    expect(found).to_contain_text("2 new, 2 gone")
    expect(found).to_contain_text("nginx → sleep tcp/7000")
    expect(found).to_contain_text("198.51.100.7 tcp/443")
    assert "vs=before" in page.url
    expect(page.locator("#changes")).to_be_hidden()
    lines = {(client, server): (label, halo) for client, server, label, halo in page.evaluate(LINES)}
    assert lines[service_node("nginx"), GONE] == ("gone 7000", False)
    assert lines[service_node(town.WEIRD), NEW] == ("new 443", True)
    expect(page.locator("#legend")).to_contain_text("new since then")


def test_the_list_has_the_same_and_leads_to_what_differs(browser: Browser, past: Past, view: View) -> None:
    with opened(browser, f"{view.url}#at={past.now}&vs=before&view=list") as page:
        row = page.locator("#list tr.gone")
        expect(row).to_contain_text("sleep")
        expect(row.locator(".badge.gone")).to_have_text("gone")
        page.locator("#views button", has_text="Map").click()
        page.locator("#differences button", has_text="198.51.100.7 tcp/443").click()
        expect(page.locator("#panel h2")).to_contain_text("198.51.100.7")


def test_comparing_ends_where_it_began(page: Page) -> None:
    page.locator("#compare").select_option("before")
    page.locator("#differences").get_by_role("button", name="Stop comparing").click()

    expect(page.locator("#differences")).to_be_hidden()
    assert "vs=" not in page.url
    expect(page.locator("#compare")).to_have_value("")


def test_a_time_of_which_nothing_is_stored_is_said(browser: Browser, past: Past, view: View) -> None:
    with browser.new_context(viewport=SCREEN) as context:  # its console has the request that failed
        page = context.new_page()
        page.goto(f"{view.url}#at={past.now}&vs=7d")

        expect(page.locator("#differences")).to_contain_text("nothing is stored up to")


def test_any_time_can_be_typed(browser: Browser, past: Past, view: View) -> None:
    with browser.new_context(viewport=SCREEN) as context:
        page = context.new_page()
        page.goto(f"{view.url}#at={past.now}")
        shows(page, 7)
        page.locator("#compare").select_option("at")
        expect(page.locator("#compare-at")).to_be_focused()
        page.evaluate(f"servicemap.state.set({{ vs: '{past.now - 45 * MINUTE_MS}' }})")

        expect(page.locator("#differences")).to_contain_text("198.51.100.7 tcp/443")
        expect(page.locator("#compare")).to_have_value("at")

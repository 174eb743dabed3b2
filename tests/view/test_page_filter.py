"""The query bar as a person uses it, by mouse and by keyboard."""

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page, expect

from schemas.ids import address_node, service_node
from tests.cli import town
from tests.view.browsing import click, opened, quiet, shows
from tests.view.serving import View

pytestmark = pytest.mark.slow

NGINX, SHOP, POSTGRES = (service_node(name) for name in ("nginx", town.WEIRD, "postgres"))
ALL = 7  # nodes of the last minute, and one that only a vanished edge has
PLACES = "[...servicemap.graph.scene.nodes.values()].map(node => [node.id, node.x])"
OPACITY = "id => servicemap.graph.cy.getElementById(id).hasClass('far')"


@pytest.fixture(scope="module")
def standing(browser: Browser, view: View) -> Iterator[Page]:
    with opened(browser, view.url) as found:
        yield found


@pytest.fixture
def page(standing: Page) -> Iterator[Page]:
    with quiet(standing):
        standing.evaluate("location.hash = ''; document.activeElement.blur()")
        standing.locator("#search").fill("")
        standing.evaluate("document.activeElement.blur()")
        shows(standing, ALL)
        yield standing


def options(page: Page) -> list[str]:
    return page.locator("#completions li b").all_text_contents()


def test_a_filter_is_written_by_keyboard_with_completion(page: Page) -> None:
    page.keyboard.press("/")
    expect(page.locator("#completions li").first).to_contain_text("Trouble")
    page.keyboard.type("ser")
    expect(page.locator("#completions li b").first).to_have_text("service:")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.keyboard.type("ngi")
    expect(page.locator("#completions li b")).to_have_text(["service:nginx"])
    page.keyboard.press("ArrowDown")
    expect(page.locator("#search")).to_have_attribute("aria-activedescendant", "completion-0")
    page.keyboard.press("Tab")
    expect(page.locator("#search")).to_have_value("service:nginx ")
    expect(page.locator("#completions")).to_be_hidden()
    shows(page, 4)
    page.keyboard.type("-ext")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    shows(page, 3)


def test_what_remains_is_laid_out_anew_and_cleared_by_escape(page: Page) -> None:
    before = dict(page.evaluate(PLACES))
    page.locator("#search").fill("external")
    shows(page, 4)
    page.wait_for_function(f"was => {PLACES}.some(([id, x]) => x !== was[id])", arg=before)
    page.locator("#search").blur()
    page.keyboard.press("Escape")
    shows(page, ALL)
    assert dict(page.evaluate(PLACES)) == before
    expect(page.locator("#search")).to_have_value("")


def test_hits_may_be_marked_where_they_are(page: Page) -> None:
    page.locator("#search").fill("service:nginx")
    shows(page, 4)
    page.locator("#hits button", has_text="Highlight").click()
    shows(page, ALL)
    assert page.evaluate(OPACITY, POSTGRES)
    assert not page.evaluate(OPACITY, NGINX)
    page.keyboard.press("h")
    shows(page, 4)
    assert "hits" not in page.url


def test_the_address_has_the_filter(browser: Browser, view: View) -> None:
    with opened(browser, f"{view.url}#{urlencode({'q': 'port:5432', 'hits': 'marked'})}") as page:
        shows(page, ALL)
        expect(page.locator("#search")).to_have_value("port:5432")
        page.wait_for_function(f"id => ({OPACITY})(id)", arg=NGINX)
        expect(page.locator("#hits [aria-pressed=true]")).to_have_text("Highlight")


def test_presets_are_a_click_away_and_another_click_takes_them_off(page: Page) -> None:
    outside = page.locator("#presets button", has_text="Talks outside")
    outside.click()
    shows(page, 4)
    expect(outside).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#search")).to_have_value("external")
    outside.click()
    shows(page, ALL)


def test_the_number_of_bad_edges_leads_to_them_and_keys_from_one_to_the_next(page: Page) -> None:
    page.locator("#summary button", has_text="bad").click()
    expect(page.locator("#panel h2")).to_contain_text("nginx →")
    expect(page.locator("#search")).to_have_value("health:bad,warn around:1")
    page.locator("#search").fill("")
    page.locator("#search").press("Escape")
    shows(page, ALL)
    page.locator("#graph").focus()
    page.keyboard.press("Escape")
    expect(page.locator("#panel")).to_be_hidden()
    page.keyboard.press("n")
    expect(page.locator("#panel h2")).to_contain_text("nginx →")
    expect(page.locator("#announcement")).to_contain_text("1 of 1, bad: nginx →")


def test_what_is_no_filter_is_refused_below_the_bar_and_the_map_stays(browser: Browser, view: View) -> None:
    with browser.new_context() as context, context.new_page() as page:  # a refused request is in the console
        page.goto(view.url)
        shows(page, ALL)
        page.locator("#search").fill("shop health:bda")
        expect(page.locator("#wrong")).to_have_text(
            "health:bda, at character 6: there is no health bda: did you mean bad?"
        )
        expect(page.locator("#search")).to_have_attribute("aria-invalid", "true")
        shows(page, ALL)
        page.reload()
        expect(page.locator("#wrong")).to_be_visible()
        shows(page, ALL)
        page.locator("#search").fill("health:bad")
        expect(page.locator("#wrong")).to_be_hidden()
        shows(page, 2)


def test_a_filter_that_keeps_nothing_offers_to_clear_it(page: Page) -> None:
    page.locator("#search").fill("service:ngnix")
    expect(page.locator("#notice")).to_contain_text("Nothing matches “service:ngnix”")
    expect(page.locator("#notice")).to_contain_text("There is no service ngnix: did you mean nginx?")
    page.locator("#notice button").click()
    shows(page, ALL)


def test_enter_opens_the_first_hit_of_a_filter_that_is_shown(page: Page) -> None:
    page.locator("#search").fill("service:nginx")
    shows(page, 4)
    page.locator("#search").press("Enter")
    expect(page.locator("#panel h2")).to_have_text("nginx")


def test_a_phone_has_all_of_the_bar(browser: Browser, view: View) -> None:
    with browser.new_context(viewport={"width": 360, "height": 740}) as context, context.new_page() as page:
        page.goto(view.url)
        page.locator("#search").click()
        box = page.locator("#completions").bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 360
        page.locator("#completions li", has_text="Talks outside").click()
        shows(page, 4)
        click(page, address_node("", "203.0.113.9"))
        expect(page.locator("#panel")).to_be_visible()

"""The live view as a person uses it: Chromium on the real page, server and store."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from schemas.ids import Endpoint, address_node, service_node
from schemas.times import MINUTE_MS
from tests.cli import town
from tests.cli.conftest import running_store
from tests.view.browsing import MAP_PLACES, PLACE, SCREEN, click, edge, opened, quiet, shows
from tests.view.serving import GONE, NEW, Past, View, remembered, viewing
from view.assets import PAGE

NGINX, SHOP, POSTGRES, SLEEP = (service_node(name) for name in ("nginx", town.WEIRD, "postgres", "sleep"))
STRANGER = address_node("", "203.0.113.9")
MARKUP = "<script>alert(1)</script>"
EVIL = town.Process("id-web1", 600, MARKUP, MARKUP)
EVIL_TALK = town.Talk(Endpoint("", "10.0.0.1", 50_008), Endpoint("", "10.0.0.2", 5432), EVIL, town.POSTGRES)
LATER = town.Talk(Endpoint("", "10.0.0.1", 50_009), Endpoint("", "10.0.0.2", 6379), town.NGINX, town.SLEEPER)
ALL = 8  # nodes of the last minute, and one that only a vanished edge has


@pytest.fixture(scope="module")
def evil_past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    """The town with a past, gone and new edges, and in its last minute a process whose name is markup."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(town, "PROCESSES", (*town.PROCESSES, EVIL))
        with remembered(tmp_path_factory.mktemp("evil")) as past:
            past.store_minute(past.now - 45 * MINUTE_MS)
            past.store_minute(past.now - MINUTE_MS, GONE)
            past.store_minute(past.now, NEW, EVIL_TALK)
            yield past


@pytest.fixture(scope="module")
def evil_view(evil_past: Past) -> Iterator[View]:
    with viewing(evil_past.data) as running:
        yield running


@pytest.fixture(scope="module")
def visited(browser: Browser, evil_view: View) -> Iterator[BrowserContext]:
    """A browser that has the files of the page in its cache."""
    with browser.new_context(viewport=SCREEN, reduced_motion="reduce") as context:
        yield context


@pytest.fixture(scope="module")
def standing(visited: BrowserContext, evil_view: View) -> Iterator[Page]:
    """A page that stays open for several tests."""
    with visited.new_page() as found:
        found.goto(evil_view.url)
        yield found


@pytest.fixture
def page(standing: Page) -> Iterator[Page]:
    """The page as it opens: its address holds all its state."""
    with quiet(standing):
        standing.evaluate("location.hash = ''; document.activeElement.blur()")
        expect(standing.locator("#panel")).to_be_hidden()
        expect(standing.locator("#list")).to_be_hidden()
        shows(standing, ALL)
        yield standing


def address_of(view: View, **state: object) -> str:
    return f"{view.url}#{urlencode(state)}"


def test_the_map_shows_every_node_and_edge_that_is_stored(page: Page, evil_view: View) -> None:
    stored = evil_view.api("map")
    drawn = page.evaluate("[...servicemap.graph.scene.edges.keys()]")
    assert set(page.evaluate("[...servicemap.graph.scene.nodes.keys()]")) == {node["id"] for node in stored["nodes"]}
    assert set(drawn) == {each["id"] for each in (*stored["edges"], *stored["gone"]) if not each["self_loop"]}
    assert "itself on 9000" in str(page.evaluate("id => servicemap.graph.scene.nodes.get(id).lines", SHOP))


def test_the_page_requests_all_its_modules_at_once(page: Page) -> None:
    modules = {path.name for path in PAGE.glob("*.js")} - {
        "theme.js",
        "early.js",
        "app.js",
    }  # loaded by script elements
    asked = page.evaluate("[...document.querySelectorAll('link[rel=modulepreload]')].map(link => link.href)")
    assert {str(url).rpartition("/")[2] for url in asked} == modules


def test_clients_are_left_of_their_servers(page: Page) -> None:
    at = {name: x for name, x, _ in page.evaluate(MAP_PLACES)}
    assert at[STRANGER] < at[NGINX] < at[SHOP] < at[POSTGRES]


def test_a_clicked_node_has_series_neighbours_and_sql(page: Page) -> None:
    click(page, NGINX)
    panel = page.locator("#panel")
    expect(panel.locator("h2")).to_have_text("nginx")
    expect(panel.locator(".chart-box canvas").first).to_be_visible()
    expect(panel.locator(".chart-box", has_text="Traffic")).to_be_visible()
    expect(panel.locator("pre")).to_contain_text("SELECT")
    panel.locator(".links button", has_text="203.0.113.9").click()
    expect(panel.locator("h2")).to_have_text("203.0.113.9")


def test_a_clicked_edge_has_the_counts_of_both_sides(page: Page) -> None:
    click(page, edge(page, SHOP, POSTGRES))
    panel = page.locator("#panel")
    expect(panel.locator("h2")).to_contain_text("→ postgres")
    expect(panel.locator(".signals").first).to_contain_text("round trip of TCP")
    expect(panel.locator("tr", has_text="To the server")).to_contain_text("1.17 KiB1.17 KiB")
    expect(panel.locator(".chart-box", has_text="To the server")).to_contain_text("client")
    click(page, edge(page, STRANGER, NGINX))
    expect(panel.locator("tr", has_text="To the server")).to_contain_text("not seen")


def test_new_and_vanished_edges_are_marked_on_the_map_and_listed(page: Page) -> None:
    edges = page.evaluate("[...servicemap.graph.scene.edges.values()]")
    marked = {(each["client"], each["server"], each["label"]) for each in edges if each["fresh"] or each["gone"]}
    assert (NGINX, SLEEP, "gone 7000") in marked
    assert (SHOP, address_node("", "198.51.100.7"), "new 443") in marked
    listed = page.locator("#changes li")
    expect(listed.filter(has_text="nginx → sleep 7000")).to_contain_text("gone")
    expect(listed.filter(has_text="198.51.100.7 443")).to_contain_text("new")


def test_changes_before_the_page_was_opened_are_not_announced(browser: Browser, evil_view: View) -> None:
    with opened(browser, evil_view.url) as page:
        expect(page.locator("#changes li", has_text="nginx → sleep 7000")).to_contain_text("gone")
        expect(page.locator("#announcement")).to_be_empty()


def test_dragging_the_time_line_shows_the_past_and_a_button_leads_back(page: Page, evil_past: Past) -> None:
    shown_past = evil_past.now - 45 * MINUTE_MS
    chart = page.locator("#time .chart")
    expect(chart.locator(".band")).to_be_visible()
    box = chart.bounding_box()
    assert box is not None
    x = box["x"] + box["width"] * (1 - 45.5 / 60)
    page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(x, box["y"] + 20, steps=5)
    page.mouse.up()
    expect(page.locator("#past")).to_contain_text("You see the past")
    shows(page, 5)
    assert abs(page.evaluate("servicemap.state.at") - shown_past) <= MINUTE_MS
    page.locator("#past button").click()
    expect(page.locator("#past")).to_be_hidden()
    shows(page, ALL)


def test_an_address_shows_the_same_in_another_browser(visited: BrowserContext, page: Page) -> None:
    page.locator("#levels button", has_text="Processes").click()
    page.locator("#group").select_option("host")
    page.locator("#search").fill("postgres")
    shows(page, 4)
    click(page, town.POSTGRES.node)
    expect(page.locator("#panel h2")).to_have_text("postgres[300]")
    with visited.new_page() as other, quiet(other):
        other.goto(page.url)
        shows(other, 4)
        expect(other.locator("#panel h2")).to_have_text("postgres[300]")
        expect(other.locator("#group")).to_have_value("host")
        expect(other.locator("#search")).to_have_value("postgres")
        places = [page.evaluate("[...servicemap.graph.scene.nodes.keys()].sort()") for page in (page, other)]
        assert places[0] == places[1]


def test_the_list_needs_no_mouse(page: Page) -> None:
    page.reload()
    page.keyboard.press("Tab")
    expect(page.locator("#skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#list")).to_be_focused()
    expect(page.locator("#list tbody tr")).to_have_count(8)
    for _ in range(3):
        page.keyboard.press("Tab")
    expect(page.locator("th button", has_text="Client")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("th", has_text="Client")).to_have_attribute("aria-sort", "ascending")
    expect(page.locator("#list tbody tr").first).to_contain_text(MARKUP)
    page.locator("#list .name", has_text="nginx").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#panel")).to_be_focused()
    expect(page.locator("#panel h2")).to_contain_text("nginx →")
    page.keyboard.press("Escape")
    expect(page.locator("#panel")).to_be_hidden()


def test_arrow_keys_lead_from_node_to_node_and_each_is_announced(page: Page) -> None:
    page.reload()  # forget the node that was clicked last: the arrow keys would start there
    shows(page, ALL)
    page.locator("#graph").focus()
    page.keyboard.press("l")  # lay out again: nodes still have places of earlier maps
    page.keyboard.press("ArrowRight")
    expect(page.locator("#announcement")).to_contain_text("203.0.113.9")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#announcement")).not_to_contain_text("203.0.113.9")
    page.keyboard.press("Enter")
    expect(page.locator("#panel")).to_be_visible()


def test_a_name_that_is_markup_is_only_a_name(page: Page) -> None:
    click(page, service_node(MARKUP))
    expect(page.locator("#panel h2")).to_have_text(MARKUP)
    page.keyboard.press("2")
    expect(page.locator("#list tbody", has_text=MARKUP)).to_be_visible()
    page.keyboard.press("1")
    x, y = page.evaluate(PLACE, service_node(MARKUP))
    page.locator("#graph").hover(position={"x": x, "y": y})
    expect(page.locator("#tip b")).to_have_text(MARKUP)
    expect(page.locator("#graph")).to_have_css("cursor", "pointer")
    assert page.evaluate("document.scripts.length") == 6


def test_a_tip_is_as_wide_as_its_words_at_the_edge_of_the_map_too(page: Page) -> None:
    x, y = page.evaluate(PLACE, service_node(MARKUP))
    page.locator("#graph").hover(position={"x": x, "y": y})
    expect(page.locator("#tip b")).to_have_text(MARKUP)
    wide = page.evaluate("document.getElementById('tip').offsetWidth")
    page.evaluate("document.getElementById('tip').style.left = 'calc(100% - 12px)'")

    assert page.evaluate("document.getElementById('tip').offsetWidth") == wide


def test_the_theme_is_the_systems_until_one_is_chosen(browser: Browser, evil_view: View) -> None:
    with opened(browser, evil_view.url, color_scheme="dark") as page:
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        page.locator("#theme").click()
        expect(page.locator("html")).to_have_attribute("data-theme", "light")
        page.reload()
        expect(page.locator("html")).to_have_attribute("data-theme", "light")
        shows(page, ALL)


def test_a_search_and_a_focus_keep_only_what_they_match(page: Page, evil_view: View) -> None:
    page.keyboard.press("/")
    page.keyboard.type("5432")
    shows(page, 4)
    page.locator("#search").fill("nothing is called so")
    expect(page.locator("#notice")).to_contain_text("Nothing matches “nothing is called so”")
    page.locator("#notice button").click()
    shows(page, ALL)
    click(page, STRANGER)
    page.locator("#panel button", has_text="Only its neighbours").click()
    shows(page, 2)
    page.locator("#panel button", has_text="2 hops").click()
    shows(page, 4)


def test_a_time_range_without_traffic_has_a_notice(page: Page, evil_view: View, evil_past: Past) -> None:
    page.goto(address_of(evil_view, at=evil_past.now - 20 * MINUTE_MS))
    expect(page.locator("#notice")).to_contain_text("No traffic in this time range")
    page.locator("#notice button", has_text="Back to live").click()
    shows(page, ALL)


def test_a_level_of_which_nothing_is_seen_has_a_notice(browser: Browser, evil_view: View) -> None:
    with opened(browser, address_of(evil_view, level="pod")) as page:
        expect(page.locator("#past .lacking")).to_have_text(
            "No pods are seen here. Each end is shown by what else is known about it."
        )
        page.evaluate("servicemap.state.set({ level: 'container' })")
        expect(page.locator("#past .lacking")).to_have_count(0)


def test_an_empty_store_has_a_notice_with_what_to_do(browser: Browser, tmp_path: Path) -> None:
    with running_store(tmp_path / "store"), viewing(tmp_path) as view, opened(browser, view.url) as page:
        expect(page.locator("#notice")).to_contain_text("Nothing is stored yet")
        expect(page.locator("#notice pre").first).to_have_text("servicemap up")
        page.locator("#theme").click()
        page.keyboard.press("+")
        page.keyboard.press("f")


def test_a_server_that_is_away_is_reported_and_found_again(browser: Browser, evil_view: View) -> None:
    with browser.new_context(viewport=SCREEN, reduced_motion="reduce") as context, context.new_page() as page:
        page.goto(evil_view.url)
        shows(page, ALL)
        context.set_offline(True)
        page.locator("#levels button", has_text="Hosts").click()
        expect(page.locator("#banner")).to_contain_text("The server does not answer.")
        context.set_offline(False)
        page.locator("#banner button").click()
        expect(page.locator("#banner")).to_be_hidden()
        shows(page, 4)


def test_a_newer_window_is_shown_without_a_reload_and_nothing_jumps(browser: Browser, tmp_path: Path) -> None:
    with remembered(tmp_path) as past, viewing(past.data) as view:
        past.store_minute(past.now - 45 * MINUTE_MS)  # without earlier records, nothing counts as new
        with opened(browser, view.url) as page:
            _newer_window_is_shown(page, past)


def _newer_window_is_shown(page: Page, past: Past) -> None:
    shows(page, 6)
    before = {name: (x, y) for name, x, y in page.evaluate(MAP_PLACES)}
    past.store_minute(past.now + MINUTE_MS, NEW, LATER)
    expect(page.locator("#changes li", has_text="nginx → sleep 6379")).to_contain_text("new")
    expect(page.locator("#announcement")).to_contain_text("new: nginx → sleep 6379")
    after = {name: (x, y) for name, x, y in page.evaluate(MAP_PLACES)}
    assert {name: at for name, at in after.items() if name in before}.items() <= before.items()


def test_a_clock_that_stays_off_is_announced_once_and_its_text_is_kept_current(
    browser: Browser, evil_view: View
) -> None:
    changed = """seconds => {
        const detail = `the clock of db1 is ${seconds} s ahead`;
        const life = { time: 0, kind: "clock_off", subject: "host:id-db1", service: "", detail };
        servicemap.data.map.lives = [life];
        servicemap.data.notify();
    }"""
    with opened(browser, evil_view.url) as page:
        shows(page, ALL)
        page.wait_for_function("() => !servicemap.data.underway")
        page.evaluate(changed, 8.1)
        expect(page.locator("#announcement")).to_have_text("clock: the clock of db1 is 8.1 s ahead")
        page.evaluate(changed, 8.2)
        expect(page.locator("#changes li", has_text="8.2 s ahead")).to_have_count(1)
        expect(page.locator("#announcement")).to_have_text("clock: the clock of db1 is 8.1 s ahead")


def test_many_processes_are_offered_in_groups(browser: Browser, evil_view: View) -> None:
    known = evil_view.api("map", level="process")
    (one,) = [node for node in known["nodes"] if node["id"] == town.NGINX.node]
    crowd = [{**one, "id": f"{one['id']}{nth}", "title": f"worker[{nth}]"} for nth in range(300)]
    answer = json.dumps({**known, "nodes": crowd, "edges": [], "gone": []})
    with opened(browser, "about:blank") as page:
        page.route("**/api/map?*", lambda route: route.fulfill(body=answer, content_type="application/json"))
        page.goto(address_of(evil_view, level="process", group="none"))
        shows(page, 300)
        page.locator("#offer button", has_text="Group by host").click()
        expect(page.locator("#offer")).to_be_hidden()
        shows(page, 1)  # the card of the host

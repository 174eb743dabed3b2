"""The demo as a person sees it who opens the live view: who talks to whom, what was, and what has just changed."""

import json
import os
import signal
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from schemas.ids import service_node
from tests.demo.test_up import EDGES, pid_of
from tests.e2e.running import Up
from tests.view.browsing import chromium, click, opened

pytestmark = pytest.mark.slow

SHOP = {name for edge in EDGES for name in edge}
DRAWN = """pairs => {
    const drawn = new Set([...servicemap.graph.scene.edges.values()].map(edge => `${edge.client} ${edge.server}`));
    return pairs.every(pair => drawn.has(pair.join(" ")));
}"""
AT = "id => servicemap.graph.scene.nodes.has(id)"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def page(browser: Browser, demo: Up) -> Iterator[Page]:
    """The view that `up` opened; nothing may stand in its console at the end."""
    demo.until("SELECT 1 FROM process_requests LIMIT 1")
    url = json.loads((demo.data / "view.json").read_text())["url"]
    with opened(browser, url) as found:
        yield found


def test_the_shop_is_drawn_and_a_click_shows_its_series(page: Page) -> None:
    pairs = [[service_node(name) for name in edge] for edge in EDGES]
    page.wait_for_function(DRAWN, arg=pairs)
    assert page.evaluate("[...servicemap.graph.scene.nodes.values()].length") >= len(SHOP)

    click(page, service_node("voting"))
    panel = page.locator("#panel")
    expect(panel.locator("h2")).to_have_text("voting")
    expect(panel.locator(".chart-box", has_text="Traffic").locator("canvas")).to_be_visible()
    expect(panel).to_contain_text("Requests")


def test_the_map_of_then_is_a_map_without_the_shop(page: Page, demo: Up) -> None:
    page.wait_for_function(AT, arg=service_node("web"))
    page.evaluate("servicemap.state.set({range: '15m', width: '1m'})")
    chart = page.locator("#time .chart")
    expect(chart.locator(".band")).to_be_visible()
    box = chart.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.97, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 20, steps=5)
    page.mouse.up()

    expect(page.locator("#past")).to_contain_text("You see the past")
    page.wait_for_function("id => !servicemap.graph.scene.nodes.has(id)", arg=service_node("web"))
    page.locator("#past button").click()
    page.wait_for_function(AT, arg=service_node("web"))


def test_a_killed_service_is_among_the_changes_within_ten_seconds(page: Page, demo: Up) -> None:
    page.wait_for_function(AT, arg=service_node("emoji"))
    victim = pid_of(demo, "emoji")
    os.kill(victim, signal.SIGKILL)
    killed = time.monotonic()

    change = page.locator("#changes li", has_text=f"emoji exited (pid {victim}, signal 9)")
    expect(change).to_have_count(1)
    assert time.monotonic() - killed <= 10
    # Processes of other tests come and go as well, and the strip folds away what it has no room for.
    change.locator("button").evaluate("button => button.click()")
    expect(page.locator("#panel h2")).to_have_text("emoji")

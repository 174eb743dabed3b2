"""The button "Why?" of the page: for a node, an edge, and the whole map."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from schemas.ids import service_node
from tests.cli import town
from tests.view.browsing import click, edge, opened, shows
from tests.view.serving import Past, View, remembered, viewing

pytestmark = pytest.mark.slow

NGINX, SHOP = service_node("nginx"), service_node(town.WEIRD)
NODES = 6  # on the map


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    """The town, half of whose requests always fail."""
    with remembered(tmp_path_factory.mktemp("failing")) as past:
        past.store_requests(past.now, GET_2xx=5, GET_error=5)
        yield past


@pytest.fixture(scope="module")
def failing_view(failing: Past) -> Iterator[View]:
    with viewing(failing.data) as running:
        yield running


@pytest.fixture
def page(browser: Browser, failing_view: View) -> Iterator[Page]:
    with opened(browser, failing_view.url) as found:
        shows(found, NODES)
        yield found


def test_the_whole_map_is_asked_about(page: Page) -> None:
    page.locator("#ask").click()

    dialog = page.locator("#why")
    expect(dialog).to_contain_text("nothing departs from its own past")
    expect(dialog).to_contain_text("fails in 50 % of the requests")
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()


@pytest.mark.parametrize("picked", ["node", "edge"])
def test_a_node_and_an_edge_have_a_button_in_the_panel(page: Page, picked: str) -> None:
    click(page, NGINX if picked == "node" else edge(page, NGINX, SHOP))
    page.locator("#panel").get_by_role("button", name="Why?").click()

    expect(page.locator("#why")).to_contain_text("departs from its own past")
    page.keyboard.press("Escape")
    expect(page.locator("#why")).to_be_hidden()
    expect(page.locator("#panel h2")).to_be_visible()

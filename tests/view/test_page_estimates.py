"""The page on numbers of requests that are estimates, and on answers that nobody saw."""

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
LOOKED_AT = "1 of 8 connections looked at"


@pytest.fixture(scope="module")
def estimated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    """The town, of whose requests one connection in eight is looked at. Half the answers pass unseen, and half fail."""
    with remembered(tmp_path_factory.mktemp("estimated")) as past:
        past.store_requests(past.now, sampling=8, GET_error=5, GET_unseen=5)
        yield past


@pytest.fixture(scope="module")
def unseen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    """The town, of whose answers none is seen."""
    with remembered(tmp_path_factory.mktemp("unseen")) as past:
        past.store_requests(past.now, STATEMENT_unseen=5)
        yield past


@pytest.fixture(scope="module")
def estimated_view(estimated: Past) -> Iterator[View]:
    with viewing(estimated.data) as running:
        yield running


@pytest.fixture(scope="module")
def unseen_view(unseen: Past) -> Iterator[View]:
    with viewing(unseen.data) as running:
        yield running


def tile(page: Page, name: str) -> str:
    """Return the value of a tile of the panel."""
    return page.locator("#panel .tiles div", has=page.get_by_text(name, exact=True)).locator("dd").inner_text()


def of_edge(page: Page) -> None:
    """Open the panel of the edge with requests."""
    shows(page, NODES)
    click(page, edge(page, NGINX, SHOP))
    expect(page.locator("#panel .tiles")).to_contain_text("p50")


def test_the_panel_of_an_edge_marks_estimates(estimated_view: View, browser: Browser) -> None:
    with opened(browser, estimated_view.url) as page:
        of_edge(page)

        expect(page.locator("#panel .signals").first).to_contain_text(LOOKED_AT)
        expect(page.locator("#panel .why")).to_contain_text(LOOKED_AT)
        assert (tile(page, "Requests"), tile(page, "Errors")) == ("~16/s", "~100 %")
        assert tile(page, "Results not known") == f"~{town.WINDOWS * 5 * 8}"
        assert tile(page, "p50").startswith("~2")
        assert not tile(page, "Traffic").startswith("~")


def test_the_panel_of_a_node_marks_estimates(estimated_view: View, browser: Browser) -> None:
    with opened(browser, estimated_view.url) as page:
        shows(page, NODES)
        click(page, SHOP)

        expect(page.locator("#panel .signals").first).to_contain_text(LOOKED_AT)
        assert (tile(page, "requests"), tile(page, "request errors")) == ("~16/s", "~100 %")


def test_the_list_marks_estimates(estimated_view: View, browser: Browser) -> None:
    with opened(browser, f"{estimated_view.url}#view=list") as page:
        row = page.locator("#list tbody tr", has=page.get_by_title(LOOKED_AT))

        expect(row).to_have_count(1)
        expect(row).to_contain_text("~16/s")
        expect(row).to_contain_text("~100 %")


def test_where_no_answer_is_seen_the_share_of_errors_is_a_dash(unseen_view: View, browser: Browser) -> None:
    with opened(browser, unseen_view.url) as page:
        of_edge(page)

        assert (tile(page, "Requests"), tile(page, "Errors")) == ("1/s", "\N{EN DASH}")
        expect(page.locator("#panel")).not_to_contain_text("looked at")
        expect(page.locator("#panel .tiles dd.bad")).to_have_count(0)

"""The page under axe-core, by the rules of WCAG 2.2 AA: views, panels and dialogs, light and dark, wide and narrow."""

from collections.abc import Callable, Iterator
from typing import Any, Literal, NamedTuple

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from schemas.ids import service_node
from tests.nodejs import modules
from tests.view.browsing import SCREEN, click, edge
from tests.view.serving import View

pytestmark = pytest.mark.slow

NGINX, POSTGRES = service_node("nginx"), service_node("postgres")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
RUN = "rules => axe.run({ runOnly: rules }).then(found => found.violations)"
PHONE: ViewportSize = {"width": 390, "height": 844}


class Look(NamedTuple):
    """How the page is looked at."""

    scheme: Literal["light", "dark"]
    size: ViewportSize


LOOKS = {
    "light": Look("light", SCREEN),
    "dark": Look("dark", SCREEN),
    "phone": Look("light", PHONE),
}


def _node(page: Page) -> None:
    click(page, NGINX)
    expect(page.locator("#panel")).to_be_visible()
    expect(page.locator("#panel .uplot").first).to_be_visible()


def _edge(page: Page) -> None:
    page.evaluate("id => { location.hash = 'edge=' + encodeURIComponent(id) }", edge(page, NGINX, _server(page)))
    expect(page.locator("#panel")).to_be_visible()


def _server(page: Page) -> str:
    edges: list[dict[str, Any]] = page.evaluate("servicemap.data.map.edges")
    return str(next(each["server"] for each in edges if each["client"] == NGINX))


def _list(page: Page) -> None:
    page.get_by_role("button", name="List").or_(page.get_by_role("radio", name="List")).first.click()
    expect(page.locator("#list")).to_be_visible()


def _filter(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("service:")


def _shortcuts(page: Page) -> None:
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()


STATES: dict[str, Callable[[Page], None]] = {
    "map": lambda page: None,
    "node": _node,
    "list": _list,
    "filter": _filter,
    "shortcuts": _shortcuts,
}


@pytest.fixture(scope="module")
def axe() -> str:
    return (modules() / "axe-core" / "axe.min.js").read_text()


@pytest.fixture(params=LOOKS)
def page(request: pytest.FixtureRequest, browser: Browser, view: View) -> Iterator[Page]:
    look = LOOKS[request.param]
    with (
        browser.new_context(viewport=look.size, color_scheme=look.scheme, reduced_motion="reduce") as context,
        context.new_page() as found,
    ):
        found.goto(view.url)
        expect(found.locator("#graph")).to_have_attribute("data-nodes", str(_nodes(view)))
        yield found


def _nodes(view: View) -> int:
    found = view.api("map")
    return len(found["nodes"])


@pytest.mark.parametrize("state", STATES)
def test_the_page_breaks_no_rule(page: Page, axe: str, state: str) -> None:
    STATES[state](page)
    page.evaluate(axe)
    found = page.evaluate(RUN, RULES)
    assert [(one["id"], one["help"], [_broken(node) for node in one["nodes"]]) for one in found] == []


def _broken(node: dict[str, Any]) -> str:
    return f"{node['html'][:200]} {node['failureSummary']}"

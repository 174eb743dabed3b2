"""A person at a browser, for tests of pages."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from tests.programs import installed

SECONDS = 20  # to wait for anything, on a busy machine
SCREEN: ViewportSize = {"width": 1280, "height": 800}
PLACE = "id => { const at = servicemap.graph.screen(id); return at && [at.x, at.y] }"

MAP_PLACES = "[...servicemap.graph.scene.nodes.values()].map(node => [node.id, node.x, node.y])"


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run Debian's Chromium."""
    program = installed("chromium", "chromium")
    with sync_playwright() as playwright:
        expect.set_options(timeout=SECONDS * 1_000)
        found = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield found
        found.close()


@contextmanager
def quiet(page: Page) -> Iterator[Page]:
    """Yield the console of the page must be empty at the end."""
    printed: list[str] = []
    page.on("console", lambda message: printed.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: printed.append(str(error)))
    page.on("dialog", lambda dialog: printed.append(f"dialog: {dialog.message}"))
    yield page
    assert not printed, printed


@contextmanager
def opened(browser: Browser, url: str, **options: Any) -> Iterator[Page]:
    """Open a page in a fresh browser."""
    with (
        browser.new_context(viewport=SCREEN, reduced_motion="reduce", **options) as context,
        quiet(context.new_page()) as page,
    ):
        page.goto(url)
        yield page


def shows(page: Page, nodes: int) -> None:
    """Wait until the map shows that many nodes."""
    expect(page.locator("#graph")).to_have_attribute("data-nodes", str(nodes))


def click(page: Page, target: str) -> None:
    """Click a node, or the middle of an edge, once the map has its final size: a panel may have opened or closed."""
    page.wait_for_function("() => servicemap.graph.cy.width() === servicemap.graph.container.clientWidth")
    x, y = page.evaluate(PLACE, target)
    page.locator("#graph").click(position={"x": x, "y": y})


def edge(page: Page, client: str, server: str) -> str:
    edges: list[dict[str, Any]] = page.evaluate("servicemap.data.map.edges")
    (found,) = [each["id"] for each in edges if (each["client"], each["server"]) == (client, server)]
    return str(found)

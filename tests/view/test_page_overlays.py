"""The panel shows what overlays say, and people say something there."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from schemas.ids import service_node
from tests.view.browsing import click, opened, shows
from tests.view.saying import Written, writing
from tests.view.serving import Past

pytestmark = pytest.mark.slow

NODES = 6  # on the map


@pytest.fixture(scope="module")
def written(past: Past) -> Iterator[Written]:
    with writing(past) as running:
        yield running


@pytest.fixture
def page(browser: Browser, written: Written) -> Iterator[Page]:
    with opened(browser, written.view.url) as found:
        shows(found, NODES)
        yield found


def test_people_see_what_is_said_and_say_something(page: Page, written: Written) -> None:
    assert written.send("PUT", "/api/overlays/owner", {"schema": {"required": ["team"]}}).status == 200
    click(page, service_node("nginx"))
    expect(page.locator("#said")).to_contain_text("team: blue")

    page.locator("#say summary").click()
    page.get_by_label("overlay").fill("owner")
    page.get_by_label("value, JSON or text").fill('{"team": "red"}')
    page.get_by_label("token for writing").fill(written.token)
    page.get_by_role("button", name="Set").click()
    expect(page.locator("#say [role=status]")).to_have_text("Said. The map has it in a moment.")

    assert ("service:nginx", {"team": "red"}) in written.said("owner")
    page.get_by_role("button", name="End").click()
    expect(page.locator("#say [role=status]")).to_have_text("Ended. The map has it in a moment.")

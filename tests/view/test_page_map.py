"""Where the live view's map puts things."""

import json
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page

from tests.cli import town
from tests.view.browsing import MAP_PLACES, opened, shows
from tests.view.serving import View


@pytest.fixture
def page(browser: Browser, view: View) -> Iterator[Page]:
    """The town."""
    with opened(browser, view.url) as found:
        shows(found, len(view.api("map")["nodes"]))
        yield found


def placed(page: Page) -> dict[str, tuple[float, float]]:
    return {name: (x, y) for name, x, y in page.evaluate(MAP_PLACES)}


def told(page: Page, view: View, hosts: dict[str, str], calls: list[tuple[str, str]], **state: str) -> None:
    """Show processes on these hosts that make these calls."""
    known = view.api("map", level="process")
    (node,) = [each for each in known["nodes"] if each["id"] == town.NGINX.node]
    nodes = [{**node, "id": name, "title": name, "host": host, "hostname": host} for name, host in hosts.items()]
    edge = known["edges"][0]
    edges = [{**edge, "id": str(nth), "client": a, "server": b} for nth, (a, b) in enumerate(calls)]
    answer = json.dumps({**known, "nodes": nodes, "edges": edges, "gone": []})
    page.route("**/api/map?*", lambda route: route.fulfill(body=answer, content_type="application/json"))
    page.goto(f"{view.url}#{urlencode({'level': 'process', **state})}")
    shows(page, len(nodes))


def test_a_host_stands_left_of_one_that_it_asks_more_than_it_is_asked(page: Page, view: View) -> None:
    hosts = {"db1": "db", "db2": "db", "web1": "web", "web2": "web"}
    told(page, view, hosts, [("web1", "db1"), ("web2", "db1"), ("web2", "db2"), ("db2", "web1")], group="host")
    at = placed(page)
    assert max(at["web1"], at["web2"]) < min(at["db1"], at["db2"])
    page.locator("#tools button[title^='Lay out anew']").click()
    assert placed(page) == at


def test_of_two_that_ask_each_other_the_one_that_asks_more_stands_left(page: Page, view: View) -> None:
    calls = [("asked", "asking"), ("asking", "asked"), ("asking", "asked")]
    told(page, view, {"asked": "web", "asking": "web"}, calls)
    at = placed(page)
    assert at["asking"] < at["asked"]

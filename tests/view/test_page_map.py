"""Where the live view's map puts things, and how it is moved by mouse, trackpad and fingers."""

import json
from collections.abc import Iterator
from itertools import pairwise
from math import exp
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from schemas.ids import service_node
from tests.cli import town
from tests.view.browsing import MAP_PLACES, opened, shows
from tests.view.serving import View

Place = tuple[float, float]  # px in the window
NGINX = service_node("nginx")
FREE: Place = (700, 620)  # no node is there, nor at its left and right
ZOOM = "servicemap.graph.camera.zoom"
ON_MAP = """([x, y]) => {
    const box = servicemap.graph.canvas.getBoundingClientRect();
    return servicemap.graph.camera.toMap({ x: x - box.left, y: y - box.top });
}"""
IN_WINDOW = """id => {
    const [at, box] = [servicemap.graph.screen(id), servicemap.graph.canvas.getBoundingClientRect()];
    return [box.left + at.x, box.top + at.y];
}"""
# Whether the map is as near as that, with a place of it at a place of the window; moves arrive with frames.
SEEN = """([zoom, place, [x, y]]) => {
    const { camera, canvas } = servicemap.graph;
    const [at, box] = [camera.toScreen(place), canvas.getBoundingClientRect()];
    return Math.abs(camera.zoom / zoom - 1) < 0.01 && Math.hypot(box.left + at.x - x, box.top + at.y - y) < 2;
}"""
WHEEL = """([deltaMode, deltaY]) =>
    servicemap.graph.canvas.dispatchEvent(new WheelEvent("wheel", { deltaMode, deltaY, cancelable: true }))"""


@pytest.fixture(scope="module")
def standing(browser: Browser, view: View) -> Iterator[Page]:
    """A page on a screen that can be touched, which stays open from test to test."""
    with opened(browser, view.url, has_touch=True) as found:
        yield found


@pytest.fixture
def page(standing: Page, view: View) -> Iterator[Page]:
    """The map of the town, all of it in view."""
    standing.evaluate("location.hash = ''")
    shows(standing, len(view.api("map")["nodes"]))
    standing.evaluate("servicemap.graph.fit(false)")
    yield standing
    standing.unroute_all()
    standing.keyboard.up("Control")
    standing.mouse.up()


@pytest.fixture
def devtools(page: Page) -> CDPSession:
    return page.context.new_cdp_session(page)


def touch(devtools: CDPSession, kind: str, **fingers: Place) -> None:
    """Say where the fingers are now, as a screen does; touchEnd names those that are lifted, or none for all."""
    names = ["one", "two"]
    points = [{"x": x, "y": y, "id": names.index(name)} for name, (x, y) in fingers.items()]
    devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def sees(page: Page, zoom: float, held: Any, at: Place) -> None:
    page.wait_for_function(SEEN, arg=[zoom, held, at])


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


def test_the_map_keeps_to_two_fingers_that_move_and_part_on_a_node_too(page: Page, devtools: CDPSession) -> None:
    before, zoom = placed(page), page.evaluate(ZOOM)
    x, y = page.evaluate(IN_WINDOW, NGINX)
    held = page.evaluate(ON_MAP, [x + 40, y])
    touch(devtools, "touchStart", one=(x, y))
    touch(devtools, "touchStart", one=(x, y), two=(x + 80, y))
    for step in range(1, 9):
        touch(devtools, "touchMove", one=(x + 5 * step, y + 8 * step), two=(x + 80 + 15 * step, y + 8 * step))
    sees(page, zoom * 2, held, (x + 120, y + 64))
    touch(devtools, "touchEnd")
    expect(page.locator("#panel")).to_be_hidden()
    assert placed(page) == before


def test_the_finger_that_is_left_of_two_moves_the_map_and_no_node(page: Page, devtools: CDPSession) -> None:
    before, zoom = placed(page), page.evaluate(ZOOM)
    x, y = page.evaluate(IN_WINDOW, NGINX)
    held = page.evaluate(ON_MAP, [x, y])
    touch(devtools, "touchStart", one=FREE)
    touch(devtools, "touchStart", one=FREE, two=(x, y))
    touch(devtools, "touchEnd", one=FREE)
    touch(devtools, "touchMove", two=(x + 40, y + 30))
    sees(page, zoom, held, (x + 40, y + 30))
    touch(devtools, "touchEnd")
    assert placed(page) == before


@pytest.mark.parametrize(("turned", "times"), [(-10, exp(0.16)), (10, exp(-0.16)), (-120, 2), (120, 0.5)])
def test_a_pinch_on_a_trackpad_zooms_at_once_and_no_further_than_twice(page: Page, turned: int, times: float) -> None:
    zoom, held = page.evaluate(ZOOM), page.evaluate(ON_MAP, FREE)
    page.mouse.move(*FREE)
    page.keyboard.down("Control")  # as browsers tell it
    page.mouse.wheel(0, turned)
    sees(page, zoom * times, held, FREE)


def test_a_wheel_that_counts_lines_or_pages_zooms_like_one_that_counts_pixels(page: Page) -> None:
    zooms = [page.evaluate(ZOOM)]
    for turned in ([0, 75], [1, 3], [2, 0.15]):
        page.evaluate(WHEEL, turned)
        zooms.append(page.evaluate(ZOOM))
    assert [after / before for before, after in pairwise(zooms)] == pytest.approx([exp(-0.12)] * 3)


def test_a_drag_that_the_system_takes_away_ends(page: Page, devtools: CDPSession) -> None:
    zoom, held = page.evaluate(ZOOM), page.evaluate(ON_MAP, FREE)
    moved = (FREE[0] + 60, FREE[1])
    touch(devtools, "touchStart", one=FREE)
    touch(devtools, "touchMove", one=moved)
    sees(page, zoom, held, moved)
    touch(devtools, "touchCancel")
    expect(page.locator("#canvas")).not_to_have_class("dragging")


def test_a_drag_whose_pointer_is_lost_ends(page: Page) -> None:
    zoom, held = page.evaluate(ZOOM), page.evaluate(ON_MAP, FREE)
    moved = (FREE[0] + 60, FREE[1])
    page.mouse.move(*FREE)
    page.mouse.down()
    page.mouse.move(*moved)
    sees(page, zoom, held, moved)
    page.evaluate("servicemap.graph.canvas.releasePointerCapture(1)")  # 1 is the mouse in Chromium
    page.mouse.move(moved[0] + 100, moved[1])
    expect(page.locator("#canvas")).not_to_have_class("dragging")
    page.mouse.move(moved[0] + 120, moved[1])
    assert page.evaluate(SEEN, [zoom, held, moved])


def test_a_node_that_goes_while_it_is_dragged_is_let_go(page: Page, view: View) -> None:
    x, y = page.evaluate(IN_WINDOW, NGINX)
    page.mouse.move(x, y)
    page.mouse.down()
    page.evaluate("servicemap.state.set({ q: 'postgres', node: '' })")
    page.wait_for_function("id => !servicemap.graph.scene.nodes.has(id)", arg=NGINX)
    before = placed(page)
    page.mouse.move(x + 60, y)
    page.mouse.up()
    page.evaluate("servicemap.state.set({ q: '' })")
    assert before.items() <= placed(page).items()

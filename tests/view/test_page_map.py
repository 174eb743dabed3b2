"""The places of nodes on the map, and how mouse, trackpad and fingers move it."""

import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from schemas.ids import service_node
from tests.cli import town
from tests.view.browsing import MAP_PLACES, opened, shows
from tests.view.serving import View

pytestmark = pytest.mark.slow

Place = tuple[float, float]  # px in the window
NGINX = service_node("nginx")
FREE: Place = (700, 620)  # no node is there, nor at its left and right
ZOOM = "servicemap.graph.cy.zoom()"
ON_MAP = """([x, y]) => {
    const { cy, container } = servicemap.graph;
    const [pan, box] = [cy.pan(), container.getBoundingClientRect()];
    return { x: (x - box.left - pan.x) / cy.zoom(), y: (y - box.top - pan.y) / cy.zoom() };
}"""
IN_WINDOW = """id => {
    const [at, box] = [servicemap.graph.screen(id), servicemap.graph.container.getBoundingClientRect()];
    return [box.left + at.x, box.top + at.y];
}"""
LEFT_TO_RIGHT = """() => {
    const { nodes, edges } = servicemap.graph.scene;
    return [...edges.values()].every(({ client, server }) => nodes.get(client).x < nodes.get(server).x);
}"""
# The frames that the page requested since the last call, per second.
FRAMES = """
    let [asked, since] = [0, performance.now()];
    const frame = requestAnimationFrame.bind(globalThis);
    globalThis.requestAnimationFrame = then => (asked++, frame(then));
    globalThis.frames_a_second = () => {
        const rate = asked * 1000 / (performance.now() - since);
        [asked, since] = [0, performance.now()];
        return rate;
    };"""
# Whether the map has this zoom, and this place of it is at this place of the window, within the distance from which a
# click becomes a drag. Moves arrive with frames.
SEEN = """([zoom, place, [x, y]]) => {
    const { cy, container } = servicemap.graph;
    const [pan, box] = [cy.pan(), container.getBoundingClientRect()];
    const at = [box.left + place.x * cy.zoom() + pan.x, box.top + place.y * cy.zoom() + pan.y];
    return Math.abs(cy.zoom() / zoom - 1) < 0.01 && Math.hypot(at[0] - x, at[1] - y) < 10;
}"""


@pytest.fixture(scope="module")
def standing(browser: Browser, view: View) -> Iterator[Page]:
    """A page on a touch screen that stays open for several tests."""
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
    """Send a touch event with the places of the fingers. For touchEnd name the lifted ones, or none for all."""
    names = ["one", "two"]
    points = [{"x": x, "y": y, "id": names.index(name)} for name, (x, y) in fingers.items()]
    devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def sees(page: Page, zoom: float, held: Any, at: Place) -> None:
    page.wait_for_function(SEEN, arg=[zoom, held, at])


def placed(page: Page) -> dict[str, tuple[float, float]]:
    return {name: (x, y) for name, x, y in page.evaluate(MAP_PLACES)}


def show(
    page: Page,
    view: View,
    hosts: dict[str, str],
    calls: list[tuple[str, str]],
    clusters: Mapping[str, str] = MappingProxyType({}),
    **state: str,
) -> None:
    """Show processes on these hosts that make these calls, some of them in clusters."""
    known = view.api("map", level="process")
    (node,) = [each for each in known["nodes"] if each["id"] == town.NGINX.node]
    nodes = [{**node, "id": name, "title": name, "host": host, "hostname": host} for name, host in hosts.items()]
    for each in nodes:
        each |= {"cluster": clusters[each["id"]]} if each["id"] in clusters else {}
    edge = known["edges"][0]
    edges = [{**edge, "id": str(nth), "client": a, "server": b} for nth, (a, b) in enumerate(calls)]
    answer = json.dumps({**known, "clusters": True, "nodes": nodes, "edges": edges, "gone": []})
    page.route("**/api/map?*", lambda route: route.fulfill(body=answer, content_type="application/json"))
    page.goto(f"{view.url}#{urlencode({'level': 'process', **state})}")
    shows(page, len(nodes))
    page.wait_for_function(
        "() => !servicemap.data.underway"
    )  # the page loads the map twice: the second time with changes


def test_a_host_is_left_of_another_that_it_calls_more_than_that_calls_it(page: Page, view: View) -> None:
    hosts = {"db1": "db", "db2": "db", "web1": "web", "web2": "web"}
    show(page, view, hosts, [("web1", "db1"), ("web2", "db1"), ("web2", "db2"), ("db2", "web1")], group="host")
    at = placed(page)
    assert max(at["web1"], at["web2"]) < min(at["db1"], at["db2"])
    page.evaluate("servicemap.tidy()")  # returns when the new layout is done
    assert placed(page) == at


PARENTS = """() => servicemap.graph.cy.nodes(".card").map(node => [node.id(), node.parent().data("label") ?? ""])"""


def test_a_node_moves_into_the_box_of_the_cluster_that_it_joins(page: Page, view: View) -> None:
    """A node that leaves a cluster leaves its box, which then goes and takes nothing with it."""
    for clusters in ({"a": "ring", "b": "ring"}, {"b": "ring", "c": "ring"}, {"b": "pair", "c": "pair"}, {}):
        show(page, view, dict.fromkeys("abc", "web"), [("a", "b")], clusters, group="cluster")
        page.evaluate("servicemap.data.reload()")
        assert dict(page.evaluate(PARENTS)) == {node: clusters.get(node, "") for node in "abc"}
        assert set(placed(page)) == set("abc")


def test_of_two_that_call_each_other_the_one_with_more_calls_is_left(page: Page, view: View) -> None:
    calls = [("asked", "asking"), ("asking", "asked"), ("asking", "asked")]
    show(page, view, {"asked": "web", "asking": "web"}, calls)
    at = placed(page)
    assert at["asking"] < at["asked"]


def test_a_long_name_is_cut_between_letters(page: Page, view: View) -> None:
    show(page, view, {"é🗺" * 20: "web"}, [])
    assert page.evaluate("[...servicemap.graph.scene.nodes.values()].map(node => node.title)") == ["é🗺" * 14 + "é…"]


def test_nodes_of_hundreds_of_edges_are_in_rows_until_they_are_laid_out(page: Page, view: View) -> None:
    hosts = {f"{tier}{nth:02}": "web" for tier in "abc" for nth in range(40)}
    calls = [
        (f"{a}{nth:02}", f"{b}{(nth * 7 + step) % 40:02}")
        for a, b in ("ab", "bc")
        for nth in range(40)
        for step in range(5)
    ]
    show(page, view, hosts, calls)
    page.wait_for_function(LEFT_TO_RIGHT)
    assert page.evaluate("servicemap.graph.plain") is False


def test_thousands_of_edges_are_a_picture_with_faults_and_the_picked_node_before_it(page: Page, view: View) -> None:
    hosts = {f"{nth:03}": "web" for nth in range(60)}
    show(page, view, hosts, [(a, b) for a in hosts for b in hosts if a < b])
    expect(page.locator("#graph")).to_have_attribute("data-edges", str(60 * 59 // 2))
    assert page.evaluate("servicemap.graph.cy.edges().length") == 0
    for picked, edges in (("007", 59), ("", 0)):
        page.evaluate("node => servicemap.graph.pick({ node })", picked)
        assert page.evaluate("servicemap.graph.cy.edges().length") == edges


def test_a_map_that_has_become_a_large_one_stays_where_it_was_moved(page: Page) -> None:
    page.keyboard.press("+")
    zoom, held = page.evaluate(ZOOM), page.evaluate(ON_MAP, FREE)
    for plain in ("true", "false"):
        page.evaluate(f"servicemap.graph.open({plain}), servicemap.graph.sync()")
        assert page.evaluate(SEEN, [zoom, held, FREE])


def test_two_fingers_that_part_on_a_node_zoom_and_leave_it_where_it_is(page: Page, devtools: CDPSession) -> None:
    before, zoom = placed(page), page.evaluate(ZOOM)
    x, y = page.evaluate(IN_WINDOW, NGINX)
    touch(devtools, "touchStart", one=(x, y))
    touch(devtools, "touchStart", one=(x, y), two=(x + 80, y))
    for step in range(1, 9):
        touch(devtools, "touchMove", one=(x, y), two=(x + 80 + 10 * step, y))
    page.wait_for_function(f"() => {ZOOM} > 1.8 * {zoom}")
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
    for step in range(1, 11):
        touch(devtools, "touchMove", two=(x + 8 * step, y + 6 * step))
    sees(page, zoom, held, (x + 80, y + 60))
    touch(devtools, "touchEnd")
    assert placed(page) == before


def test_a_wheel_zooms_about_the_pointer(page: Page) -> None:
    zoom, held = page.evaluate(ZOOM), page.evaluate(ON_MAP, FREE)
    page.mouse.move(*FREE)
    for _ in range(8):
        page.mouse.wheel(0, 100)
    page.wait_for_function(f"() => {ZOOM} < 0.7 * {zoom}")
    sees(page, page.evaluate(ZOOM), held, FREE)


def test_a_card_that_is_dragged_stays_where_it_is_put(page: Page, view: View) -> None:
    x, y = page.evaluate(IN_WINDOW, NGINX)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 40, y + 80, steps=5)
    page.mouse.up()
    there = placed(page)[NGINX]
    page.reload()
    shows(page, len(view.api("map")["nodes"]))
    assert placed(page)[NGINX] == pytest.approx(there, abs=1)
    put = placed(page)[NGINX][1]
    page.keyboard.press("l")
    page.wait_for_function("([id, y]) => servicemap.graph.scene.nodes.get(id).y !== y", arg=[NGINX, put])


def test_a_drag_that_the_system_takes_away_ends(page: Page, devtools: CDPSession) -> None:
    zoom, held = page.evaluate(ZOOM), page.evaluate(ON_MAP, FREE)
    touch(devtools, "touchStart", one=FREE)
    for step in range(1, 11):
        touch(devtools, "touchMove", one=(FREE[0] + 6 * step, FREE[1]))
    sees(page, zoom, held, (FREE[0] + 60, FREE[1]))
    touch(devtools, "touchCancel")
    page.mouse.move(FREE[0] + 200, FREE[1])
    assert page.evaluate(SEEN, [zoom, held, (FREE[0] + 60, FREE[1])])


def test_an_update_does_not_take_away_a_card_that_is_held(page: Page) -> None:
    x, y = page.evaluate(IN_WINDOW, NGINX)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 40, y + 80, steps=5)
    page.evaluate("id => { servicemap.graph.scene.nodes.get(id).health = 'bad'; servicemap.graph.sync(); }", NGINX)
    assert page.evaluate(IN_WINDOW, NGINX) == pytest.approx([x + 40, y + 80], abs=10)
    page.mouse.up()


def test_a_map_that_nobody_touches_draws_next_to_no_frames(browser: Browser, view: View) -> None:
    with opened(browser, "about:blank") as page:
        page.add_init_script(FRAMES)
        page.goto(view.url)
        shows(page, len(view.api("map")["nodes"]))
        for quiet in (True, False):
            page.wait_for_function("few => (frames_a_second() < 10) === few", arg=quiet, polling=1_000)
            page.mouse.move(*FREE)  # and it requests all frames again


def test_a_node_that_vanishes_while_it_is_dragged_is_released(page: Page, view: View) -> None:
    x, y = page.evaluate(IN_WINDOW, NGINX)
    page.mouse.move(x, y)
    page.mouse.down()
    page.evaluate("servicemap.state.set({ q: 'postgres', node: '' })")
    page.wait_for_function("id => !servicemap.graph.scene.nodes.has(id)", arg=NGINX)
    before = placed(page)
    page.mouse.move(x + 60, y)
    page.mouse.up()
    assert placed(page) == before

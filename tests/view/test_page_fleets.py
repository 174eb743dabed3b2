"""What can be read of a map as it opens: simulated fleets of four sizes, with three faults in each."""

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from simulation.generate import Recipe, generate
from tests.view.browsing import click, opened

pytestmark = pytest.mark.slow

LEAST_PX = 11
SIZES = {9: (6, 2.0), 60: (46, 3.0), 174: (118, 3.2), 1_000: (720, 4.6)}  # nodes -> services, and calls of each
SEED = 3
# What is drawn, as Cytoscape drew it: the cards, the points of the lines, and the boxes of the labels that are shown.
DRAWN = """() => {
    const { cy } = servicemap.graph;
    const view = cy.extent();
    const box = node => ({ id: node.id(), ...node.boundingBox({ includeLabels: false, includeOverlays: false }) });
    const seen = ({ x1, y1, x2, y2 }) => x2 > view.x1 && x1 < view.x2 && y2 > view.y1 && y1 < view.y2;
    const cards = cy.nodes(".card").map(box);
    const edges = cy.edges();
    return {
        px: cards.filter(seen).map(({ id }) => cy.getElementById(id).numericStyle("font-size") * cy.zoom()),
        cards,
        lines: edges.map(edge => ({
            ends: [edge.source().id(), edge.target().id()],
            points: edge._private.rscratch.allpts,
        })),
        labels: edges.filter(edge => edge.numericStyle("text-opacity") > 0 && edge.style("label"))
            .map(edge => edge._private.labelBounds.main),
        node_count: servicemap.data.map.nodes.length,
        edge_count: servicemap.data.map.edges.length,
    };
}"""
BEGAN = """() => {
    const { drawn } = servicemap.graph.shown;
    const line = drawn.bundles.find(({ edges }) => edges.some(edge => drawn.began.has(edge) && edge.health === "bad"));
    const inside = drawn.nodes.find(({ notes = [] }) => notes.join().includes("begin here"));
    return line?.id ?? inside.id;
}"""

Box = dict[str, float]


@pytest.fixture(scope="module", params=SIZES)
def fleet(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, set[str]]]:
    """The address of the view of a fleet in trouble, and the services at fault."""
    services, calls = SIZES[request.param]
    folder = tmp_path_factory.mktemp(f"fleet{request.param}")
    file = folder / "fleet.toml"
    recipe = f"services = {services}, calls = {calls}, instances = 1.5, servers = 1"
    file.write_text(f'name = "fleet"\nseed = {SEED}\ngenerate = {{ {recipe} }}\n')
    at_fault = _leaves(services, calls)
    faults = [f"--faults={kind}@{name}:80s" for kind, name in zip(("errors", "kill", "errors"), at_fault, strict=False)]
    command = ["simulate", str(file), "--for", "150s", "--view", *faults]
    with subprocess.Popen([sys.executable, "-m", "servicemap", *command], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            words = (word for line in process.stderr for word in line.split())
            yield next(word.rstrip(";") for word in words if word.startswith("http://")), set(at_fault)
        finally:
            process.send_signal(signal.SIGINT)
            process.stderr.read()


def _leaves(services: int, calls: float) -> list[str]:
    """Return services that call nobody, and that several others call."""
    made = generate(Recipe(services=services, calls=calls, instances=1.5, servers=1), SEED).services
    callers = Counter(call.to for service in made for call in service.calls)
    leaves = [service.name for service in made if not service.calls and service.name in callers]
    return sorted(leaves, key=lambda name: abs(callers[name] - 4))[:3]


@pytest.fixture
def page(browser: Browser, fleet: tuple[str, set[str]]) -> Iterator[Page]:
    with opened(browser, fleet[0]) as found:
        found.wait_for_function("() => Number(document.getElementById('graph').dataset.edges) > 0")
        found.wait_for_function("() => servicemap.data.map.changes")  # the whole map is there
        yield found


def test_all_that_is_drawn_can_be_read(page: Page) -> None:
    drawn = page.evaluate(DRAWN)
    boxes = {box["id"]: box for box in drawn["cards"]}
    print(f"{drawn['node_count']} nodes, {drawn['edge_count']} edges: {len(boxes)} cards, {len(drawn['lines'])} lines")
    assert drawn["px"]
    assert min(drawn["px"]) >= LEAST_PX
    assert not _overlaps(list(boxes.values()), 1)
    assert len(_overlaps(drawn["labels"], 1)) <= len(drawn["labels"]) / 100
    crossing = [line for line in drawn["lines"] if any(_leads_through(line, box) for box in boxes.values())]
    assert len(crossing) <= len(drawn["lines"]) / 50


def test_two_clicks_lead_from_the_open_map_to_the_panel_of_the_edge_at_fault(
    page: Page, fleet: tuple[str, set[str]]
) -> None:
    click(page, page.evaluate(BEGAN))
    panel = page.locator("#panel")
    expect(panel.locator("h2")).not_to_have_text("…")
    if panel.locator(".guilty button").count():  # several edges are one line
        panel.locator(".guilty button").first.click()
    expect(panel.locator(".chart-box").first).to_be_visible()
    title = panel.locator("h2").text_content() or ""
    assert title.rpartition("→ ")[2].strip() in fleet[1]


def _overlaps(boxes: list[Box], by: float) -> list[tuple[Box, Box]]:
    """Return the pairs of boxes that cover more than so many px of each other."""
    return [
        (one, other)
        for nth, one in enumerate(boxes)
        for other in boxes[:nth]
        if min(one["x2"], other["x2"]) - max(one["x1"], other["x1"]) > by
        and min(one["y2"], other["y2"]) - max(one["y1"], other["y1"]) > by
    ]


def _leads_through(line: dict[str, Any], box: dict[str, Any]) -> bool:
    if box["id"] in line["ends"]:
        return False
    flat = line["points"]
    points = list(zip(flat[::2], flat[1::2], strict=True))
    return any(_crosses(one, other, box) for one, other in pairwise(points))


def _crosses(one: tuple[float, float], other: tuple[float, float], box: Box) -> bool:
    """Return whether a straight piece leads through a box, 3 px inside of its border."""
    steps = 40
    for step in range(steps + 1):
        x, y = (a + (b - a) * step / steps for a, b in zip(one, other, strict=True))
        if box["x1"] + 3 < x < box["x2"] - 3 and box["y1"] + 3 < y < box["y2"] - 3:
            return True
    return False

"""view/page/types.d.ts declares what the server answers: its fields are there, and there are no others."""

import re
from typing import Any

import pytest

from graph.counters import NAMES
from schemas.times import MINUTE_MS
from tests.view.serving import GONE, Past, View
from view.assets import PAGE

INTERFACE = re.compile(r"^(?:export )?interface (\w+)(?: extends (\w+))? \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
FIELD = re.compile(r"^  (\w+)(\??):", re.MULTILINE)
COUNTERS = set(NAMES)  # the page has their names from the server
IN_PART = {"Neighbour"}  # the page does not need all its fields


def declared() -> dict[str, dict[str, bool]]:
    """Return the fields of each interface, and whether they are required."""
    found: dict[str, dict[str, bool]] = {}
    for name, base, body in INTERFACE.findall((PAGE / "types.d.ts").read_text()):
        found[name] = found.get(base, {}) | {field: not optional for field, optional in FIELD.findall(body)}
    return found


@pytest.fixture(scope="module")
def answers(past: Past, view: View) -> dict[str, list[dict[str, Any]]]:
    """Answers of the server by the interface that declares them."""
    over = {"from_": past.now - 2 * MINUTE_MS, "to": past.now}
    maps = [view.api("map", level=level, from_=past.now - MINUTE_MS, to=past.now) for level in ("service", "process")]
    timeline = view.api("timeline", **over)
    edges = [edge for each in maps for edge in each["edges"]]
    nodes = [node for each in maps for node in each["nodes"]]
    details = [view.api("node", id=each["id"], **over) for each in maps[0]["nodes"]]
    of_edges = [
        view.api(
            "edge", client=e["client"], server=e["server"], transport=e["transport"], port=e["server_port"], **over
        )
        for e in maps[0]["edges"]
    ]
    return {
        "MapAnswer": maps,
        "MapNode": nodes,
        "Sums": [node[side] for node in nodes for side in ("in", "out")],
        "MapEdge": [*edges, *(edge for each in maps for edge in each["gone"]), *(each["facts"] for each in of_edges)],
        "Fault": [fault for edge in edges for fault in edge["why"]],
        "Life": [life for each in maps for life in each["lives"]],
        "TimelineAnswer": [timeline],
        "Bucket": timeline["buckets"],
        "MapEvent": [*timeline["events"], *(event for each in details for event in each["events"])],
        "NodeAnswer": details,
        "Neighbour": [neighbour for each in details for neighbour in each["neighbours"]],
        "EdgeAnswer": of_edges,
        "Side": [side for each in of_edges for side in each["sides"]],
        "Judged": [share for each in of_edges for share in each["judged"]],
        "Series": [series for each in details for series in each["series"].values()],
    }


@pytest.mark.parametrize(
    "name",
    sorted(
        set(declared()) & {"MapAnswer", "MapNode", "Sums", "MapEdge", "TimelineAnswer"}
        | {"Fault", "Life", "Bucket", "MapEvent", "NodeAnswer", "Neighbour", "EdgeAnswer", "Series", "Side", "Judged"}
    ),
)
def test_answers_are_as_the_page_declares_them(answers: dict[str, list[dict[str, Any]]], name: str) -> None:
    fields = declared()[name]
    required = {field for field, needed in fields.items() if needed}
    found = answers[name]

    assert found or name in {"Life", "MapEvent"}
    assert not [required - each.keys() for each in found if required - each.keys()]
    others = {field for each in found for field in each} - fields.keys()
    assert name in IN_PART or others <= (COUNTERS if name == "MapEdge" else set())


def test_the_scene_has_edges_that_are_gone(answers: dict[str, list[dict[str, Any]]]) -> None:
    assert any(each["gone"] for each in answers["MapAnswer"]), GONE

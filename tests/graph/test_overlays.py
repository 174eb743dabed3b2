"""Annotations on a map: as of a time, the most specific, the latest, in whichever order they came."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.model import ServiceMap
from graph.overlays import annotated, at_time, narrowed, parse_wish
from schemas.overlays import Annotation
from tests.graph.test_questions import a_map

DAY = 86_400_000
NOW = 100 * DAY
MAP = a_map([("a", "b"), ("b", "c")])


def note(target: str, value: Any, *, overlay: str = "owner", written: int = NOW, **more: Any) -> Annotation:
    return Annotation(overlay=overlay, target=target, value=value, written=written, **more)


def noted(*notes: Annotation, at: int = NOW, of: ServiceMap = MAP) -> dict[str, dict[str, Any]]:
    """Return the annotations of nodes by their titles, and of edges by those of their ends."""
    found = annotated(of, at_time(notes, at), {})
    nodes = {node.title: node.annotations for node in found.nodes if node.annotations}
    return nodes | {
        f"{edge.client}>{edge.server}".replace("service:", ""): edge.annotations
        for edge in found.edges
        if edge.annotations
    }


def test_what_was_said_yesterday_is_on_the_map_of_yesterday_and_not_on_that_of_last_week() -> None:
    yesterday = note("service=a", "blue", valid_from=NOW - DAY)

    assert noted(yesterday, at=NOW) == {"a": {"owner": "blue"}}
    assert noted(yesterday, at=NOW - DAY) == {"a": {"owner": "blue"}}
    assert noted(yesterday, at=NOW - 7 * DAY) == {}


def test_what_ended_is_on_maps_of_before() -> None:
    ended = note("service=a", "blue", valid_from=NOW - 2 * DAY, valid_to=NOW - DAY)

    assert noted(ended, at=NOW - DAY - 1) == {"a": {"owner": "blue"}}
    assert noted(ended, at=NOW - DAY) == {}


def test_what_is_taken_back_was_never_so() -> None:
    assert noted(note("service=a", "blue", retracted=True)) == {}


def test_edges_and_nodes_have_theirs() -> None:
    found = noted(note("service=a > service=b", True, overlay="essential"), note("service=b", "red"))

    assert found == {"a>b": {"essential": True}, "b": {"owner": "red"}}


@pytest.mark.parametrize(
    ("weaker", "stronger"),
    [
        ("*", "service=*"),
        ("service=*", "service=a"),
        ("service=a*", "service=a"),
        ("service=a", "service=a,level=service"),
        ("level=service", "service=a*"),
        ("service=a,level=service", "service:a"),
    ],
)
def test_the_more_specific_stands_though_it_was_said_before(weaker: str, stronger: str) -> None:
    found = noted(note(stronger, "it", written=1), note(weaker, "other", written=2, valid_from=NOW))

    assert found["a"] == {"owner": "it"}


def test_of_equally_specific_ones_the_one_that_holds_since_later_stands() -> None:
    assert noted(note("service=a", "new", valid_from=2, written=1), note("service=a", "old", valid_from=1))["a"] == {
        "owner": "new"
    }
    assert noted(note("service=a*", "new", written=2), note("service=*a", "old", written=1))["a"] == {"owner": "new"}


def test_what_has_no_selector_is_about_nothing_and_costs_nothing_else() -> None:
    assert noted(note("everything!", "blue"), note("service=a", "red")) == {"a": {"owner": "red"}}


TARGETS = ["*", "service=a", "service=*", "service:a", "service=a > service=b", "* > *", "level=service", "nonsense"]
NOTES = st.builds(
    note,
    target=st.sampled_from(TARGETS),
    value=st.sampled_from(["x", "y"]),
    overlay=st.sampled_from(["owner", "criticality"]),
    written=st.integers(1, 3),
    valid_from=st.integers(0, 3),
    valid_to=st.integers(0, 3),
    retracted=st.booleans(),
)


@given(st.lists(NOTES, max_size=12), st.integers(0, 4), st.randoms())
def test_the_order_of_arrival_changes_nothing(notes: list[Annotation], at: int, chance: random.Random) -> None:
    shuffled = list(notes)
    chance.shuffle(shuffled)

    assert noted(*shuffled, at=at) == noted(*notes, at=at)


@given(st.lists(NOTES, max_size=12), st.integers(0, 4))
def test_only_what_holds_at_a_time_is_on_its_map(notes: list[Annotation], at: int) -> None:
    holding = [
        one for one in notes if not one.retracted and one.valid_from <= at and (at < one.valid_to or one.valid_to == 0)
    ]

    assert noted(*notes, at=at) == noted(*holding, at=at)


@pytest.mark.parametrize(
    ("wish", "left"),
    [
        ("owner", {"a", "b"}),
        ("owner.team=pay*", {"a", "b"}),
        ("owner.team=other", set()),
        ("owner.team.lead", set()),
        ("essential", {"b", "c"}),
        ("essential=true", {"b", "c"}),
        ("essential=false", set()),
        ("essential!=false", set("abcdefg")),
        ("owner.team!=payments", set("abcdefg")),
        ("service.criticality=high", {"b", "c"}),
        ("service.criticality", {"b", "c"}),
        ("tags=two", {"b", "c"}),
        ("nothing", set()),
    ],
)
def test_a_map_is_narrowed_to_what_has_an_annotation(wish: str, left: set[str]) -> None:
    notes = [
        note("service=a", {"team": "payments"}),
        note("service=b > service=c", True, overlay="essential"),
        note("service=c", "high", overlay="service.criticality"),
        note("service=c", ["one", "two"], overlay="tags"),
    ]
    found = narrowed(annotated(MAP, at_time(notes, NOW), {}), parse_wish(wish))

    assert {node.title for node in found.nodes} == left
    assert all({edge.client, edge.server} <= {node.id for node in found.nodes} for edge in found.edges)

"""What differs between two times, against what brute force finds; and when a measure has changed beyond the usual."""

import math
from statistics import median, quantiles

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from graph.culprit.measures import MEASURES
from graph.culprit.model import Edge, Values, Witness
from graph.questions.difference import Compared, EdgeDifference, Traced, difference
from graph.questions.variation import Counts, change

NAMES = "abcd"
PAST = 12
HOST_OF = {name: f"h{name}" for name in NAMES}
STEADY: Values = [100.0, 104.0, 97.0, 101.0, 99.0, 103.0, 98.0, 100.0, 102.0, 96.0, 100.0, 101.0]
PAIRS = st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES))
TIMES = st.lists(st.booleans(), min_size=PAST, max_size=PAST)


def traced(client: str, server: str, there: list[bool], **series: Values) -> Traced:
    ends = {name: f"service:{name}" if name in HOST_OF else name for name in (client, server)}
    known = series or {"opened": [1.0] * len(there)}
    return Traced(
        edge=Edge(client=ends[client], server=ends[server], port="tcp/80", series=known),
        there=there,
        client_hosts=[HOST_OF[client]] if client in HOST_OF else [],
        server_hosts=[HOST_OF[server]] if server in HOST_OF else [],
    )


def compared(edges: list[Traced], before: str = NAMES, after: str = NAMES, **more: object) -> Compared:
    """Compare edges, where these nodes' hosts had agents."""

    def ends(at: int) -> set[str]:
        return {end for one in edges if one.there[at] for end in (one.edge.client, one.edge.server)}

    return Compared(
        edges=edges,
        nodes_before=ends(-2),
        nodes_after=ends(-1),
        agents_before={HOST_OF[name] for name in before},
        agents_after={HOST_OF[name] for name in after},
        **more,  # type: ignore[arg-type]
    )


def kinds(edges: list[EdgeDifference]) -> dict[str, str]:
    return {one.edge.id: one.kind for one in edges}


@given(st.dictionaries(PAIRS, st.tuples(TIMES, st.booleans(), st.booleans()), max_size=10))
def test_edges_and_nodes_appear_and_vanish_as_sets_differ(
    there: dict[tuple[str, str], tuple[list[bool], bool, bool]],
) -> None:
    edges = [traced(*pair, [*past, then, now]) for pair, (past, then, now) in there.items() if then or now]
    before = {one.edge.id for one in edges if one.before}
    after = {one.edge.id for one in edges if one.after}

    found = difference(compared(edges))

    expected = dict.fromkeys(after - before, "appeared") | dict.fromkeys(before - after, "vanished")
    assert kinds(found.edges) == expected
    nodes_then = {end for one in edges if one.before for end in (one.edge.client, one.edge.server)}
    nodes_now = {end for one in edges if one.after for end in (one.edge.client, one.edge.server)}
    expected = dict.fromkeys(nodes_now - nodes_then, "appeared") | dict.fromkeys(nodes_then - nodes_now, "vanished")
    assert {one.node: one.kind for one in found.nodes} == expected
    for one in found.edges:
        past = next(each.there[:-2] for each in edges if each.edge.id == one.edge.id)
        assert one.comes_and_goes == (any(past) and (one.kind == "appeared" or not all(past)))


@given(
    st.dictionaries(PAIRS, st.tuples(st.booleans(), st.booleans()), max_size=10),
    st.sets(st.sampled_from(NAMES)),
    st.sets(st.sampled_from(NAMES)),
)
def test_what_nobody_could_see_at_one_time_has_neither_appeared_nor_vanished(
    there: dict[tuple[str, str], tuple[bool, bool]], watched_before: set[str], watched_after: set[str]
) -> None:
    edges = [traced(*pair, [False] * PAST + list(both)) for pair, both in there.items() if any(both)]

    found = difference(compared(edges, "".join(watched_before), "".join(watched_after)))

    for one in found.edges:
        ends = {one.edge.client[-1], one.edge.server[-1]}
        then = next(each.before for each in edges if each.edge.id == one.edge.id)
        lost = (watched_before - watched_after) if then else (watched_after - watched_before)
        assert (one.kind == "unseen") == bool(ends & lost)
        assert set(one.agents) <= {HOST_OF[name] for name in lost}
    for node in found.nodes:
        own = {one.kind for one in found.edges if node.node in (one.edge.client, one.edge.server)}
        assert (node.kind == "unseen") == (own == {"unseen"})


def test_an_address_that_stands_for_a_service_without_an_agent_has_not_appeared() -> None:
    named = traced("a", "b", [True] * PAST + [True, False])
    address = traced("a", "address:10.0.0.2", [False] * PAST + [False, True])

    found = difference(compared([named, address], after="acd"))

    assert kinds(found.edges) == dict.fromkeys((named.edge.id, address.edge.id), "unseen")
    assert next(one.instead for one in found.edges if one.instead) == named.edge.id
    assert {one.node: one.kind for one in found.nodes} == {"service:b": "unseen", "address:10.0.0.2": "unseen"}


def test_an_edge_that_is_away_less_long_than_the_time_now_does_not_come_and_go() -> None:
    now_and_then = traced("a", "b", [True, True, False, True] * 3 + [True, False])

    assert difference(compared([now_and_then], lasting=1)).edges[0].comes_and_goes
    assert not difference(compared([now_and_then], lasting=2)).edges[0].comes_and_goes


def test_what_changed_most_comes_first_and_what_is_as_usual_is_left_out() -> None:
    def edge(server: str, after: float) -> Traced:
        return traced("a", server, [True] * (PAST + 2), requests=[*STEADY, 100.0, after])

    found = difference(compared([edge("b", 130.0), edge("c", 300.0), edge("d", 900.0)]))

    assert [one.edge.server for one in found.edges] == ["service:d", "service:c"]
    assert [one.measure for one in found.edges[0].measures] == ["requests"]


def test_what_happened_to_its_ends_and_their_hosts_may_explain_a_difference() -> None:
    gone = traced("a", "b", [True] * PAST + [True, False])
    witnesses = [
        Witness(time=3, node="host:hb", text="the host"),
        Witness(time=2, node="service:b", text="restarted"),
        Witness(time=1, node="service:c", text="elsewhere"),
    ]

    found = difference(compared([gone], witnesses=witnesses, replaced={"service:b"}))

    assert [one.text for one in found.edges[0].because] == ["restarted", "the host"]
    assert {one.node: [each.text for each in one.because] for one in found.nodes} == {
        "service:a": [],
        "service:b": ["restarted"],
    }


def test_a_node_whose_processes_are_new_has_changed() -> None:
    edges = [traced("a", "b", [True] * (PAST + 2))]

    found = difference(compared(edges, replaced={"service:b", "service:nowhere"}))

    assert [(one.node, one.kind) for one in found.nodes] == [("service:b", "changed")]


RATES = st.floats(min_value=0.01, max_value=1e6)


@given(st.sampled_from(list(MEASURES)), st.lists(st.none() | RATES, max_size=30), RATES)
def test_what_stays_the_same_has_not_changed(name: str, past: list[float | None], value: float) -> None:
    assert change(name, past, value, value).out == 0


@given(st.lists(RATES, min_size=5, max_size=30), RATES, RATES)
def test_how_far_a_rate_went_is_its_distance_in_spreads(past: list[float], before: float, after: float) -> None:
    def scaled(value: float) -> float:
        return math.log((value + 0.02 * middle) / (1.02 * middle))

    middle = median(past)
    low, _, high = map(scaled, quantiles(past, n=4, method="inclusive"))
    spread = max((high - low) / 1.349, MEASURES["requests"].floor)
    expected = (scaled(after) - scaled(before)) / spread

    found = change("requests", past, before, after)

    assert found.usual == pytest.approx(middle)
    if abs(found.out) > 2:  # such times were never there before
        assert found.out == pytest.approx(max(-50, min(50, expected)), rel=1e-6)
    else:
        assert abs(found.out) <= abs(expected) + 1e-9


@pytest.mark.parametrize(
    ("name", "past", "before", "after", "unusual"),
    [
        ("requests", STEADY, 100.0, 250.0, True),
        ("requests", STEADY, 100.0, 115.0, False),
        ("requests", STEADY, 100.0, 0.0, True),
        ("requests", STEADY, 0.0, 100.0, True),
        ("requests", [1.0, 100.0] * 6, 2.0, 90.0, False),
        ("requests", [100.0] * 11 + [400.0], 100.0, 400.0, False),
        ("requests", [0.0] * 12, 0.0, 50.0, True),
        ("failing", [0.0] * 12, 0.0, 0.05, True),
        ("failing", [0.04, 0.06] * 6, 0.05, 0.06, False),
        ("p99", STEADY, 100.0, 400.0, True),
    ],
)
def test_a_change_is_judged_by_the_past(name: str, past: Values, before: float, after: float, unusual: bool) -> None:
    assert change(name, past, before, after).unusual == unusual


def test_an_incident_that_is_over_is_a_change_too() -> None:
    assert change("p50", STEADY, 900.0, 100.0).unusual


@pytest.mark.parametrize(
    ("name", "before", "after", "few", "many"),
    [
        ("opened", 0.1, 0.3, Counts(1, 3), Counts(100, 300)),
        ("failing", 0.0, 0.2, Counts(10, 10), Counts(1000, 1000)),
        ("p50", 1.0, 3.0, Counts(2, 2), Counts(500, 500)),
    ],
)
def test_few_events_prove_nothing(name: str, before: float, after: float, few: Counts, many: Counts) -> None:
    steady = [before] * PAST
    assert not change(name, steady, before, after, few).unusual
    assert change(name, steady, before, after, many).unusual


@pytest.mark.parametrize("past", [[], [None] * 12, [5.0, None, 5.0]])
def test_without_a_past_a_great_change_is_one_and_what_is_usual_is_not_known(past: Values) -> None:
    assert change("requests", past, 10.0, 100.0).usual is None
    assert change("requests", past, 10.0, 100.0).unusual
    assert not change("requests", past, 10.0, 12.0).unusual


def test_a_step_that_nobody_recorded_is_no_absence() -> None:
    edge = traced("a", "b", [True, False] + [True] * 10 + [True, False], opened=[1.0, None] + [1.0] * 10 + [1.0, 0.0])

    assert not difference(compared([edge])).edges[0].comes_and_goes
    assert replace(edge, there=[True] * 14).after

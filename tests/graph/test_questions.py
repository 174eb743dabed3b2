"""Questions about a map as a whole, against what brute force finds."""

from collections.abc import Iterable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.counters import NAMES as COUNTERS
from graph.model import Edge, Node, ServiceMap
from graph.questions.finding import called
from graph.questions.order import Step, breaking, start_order, stop_order
from graph.questions.paths import paths
from graph.questions.reach import dependencies, dependents
from graph.questions.wiring import Wiring, arrow, wired

NAMES = "abcdefg"
Pairs = Iterable[tuple[str, str]]
SOME = st.sets(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), max_size=20)


def node(name: str, program: str = "") -> Node:
    return Node(id=f"service:{name}", kind="service", title=name, service=name, name=program or name)


def edge(client: str, server: str, port: int = 80, opened: int = 1) -> Edge:
    return Edge(
        client=f"service:{client}", server=f"service:{server}", transport="tcp", server_port=port, protocol="",
        tls_name="", alias="", rule="listener", first="", last="", seen_by_client=True, seen_by_server=True,
        recorded_s=60, connections_opened=opened, connections_closed=opened, connections_active=0,
        connections_failed=0, counters=dict.fromkeys(COUNTERS, 0),
    )  # fmt: skip


def a_map(pairs: Pairs, programs: dict[str, str] | None = None, names: str = NAMES) -> ServiceMap:
    nodes = [node(name, (programs or {}).get(name, "")) for name in names]
    return ServiceMap(start="", end="", level="service", nodes=nodes, edges=[edge(*pair) for pair in pairs])


def of(pairs: Pairs) -> Wiring:
    return wired(a_map(pairs))


def short(node: str) -> str:
    return node.removeprefix("service:")


def walked(pairs: Pairs, start: str) -> dict[str, int]:
    """Return the depth of everything that can be walked to, by trying all arrows again and again."""
    depths = {start: 0}
    for depth in range(len(NAMES)):
        for client, server in pairs:
            if depths.get(client) == depth and server not in depths:
                depths[server] = depth + 1
    return depths


@given(SOME, st.sampled_from(NAMES))
def test_a_node_depends_on_all_that_can_be_walked_to(pairs: set[tuple[str, str]], name: str) -> None:
    expected = walked(pairs, name)
    del expected[name]
    found = {short(one.node): one.depth for one in dependencies(of(pairs), f"service:{name}")}
    assert found == expected


@given(SOME, st.sampled_from(NAMES))
def test_who_depends_on_a_node_is_the_same_walked_backwards(pairs: set[tuple[str, str]], name: str) -> None:
    backwards = {(server, client) for client, server in pairs}
    expected = {(short(one.node), one.depth) for one in dependencies(of(backwards), f"service:{name}")}
    assert {(short(one.node), one.depth) for one in dependents(of(pairs), f"service:{name}")} == expected


def test_each_node_that_is_reached_names_the_arrows_that_lead_there() -> None:
    found = dependents(of([("a", "b"), ("b", "d"), ("c", "d")]), "service:d")
    assert [(short(one.node), one.depth) for one in found] == [("b", 1), ("c", 1), ("a", 2)]
    assert [(short(each.client), short(each.server)) for each in found[2].arrows] == [("a", "b")]


def test_reach_can_be_cut_at_a_depth() -> None:
    assert [short(one.node) for one in dependencies(of([("a", "b"), ("b", "c")]), "service:a", 1)] == ["b"]


def test_all_shortest_ways_are_found_and_no_longer_ones() -> None:
    on = of([("a", "b"), ("b", "d"), ("a", "c"), ("c", "d"), ("a", "e"), ("e", "f"), ("f", "d")])
    ways = [[short(step.server) for step in way] for way in paths(on, "service:a", "service:d")]
    assert sorted(ways) == [["b", "d"], ["c", "d"]]
    assert paths(on, "service:d", "service:a") == []


@given(SOME, st.sampled_from(NAMES), st.sampled_from(NAMES))
def test_a_way_is_as_long_as_the_depth_of_its_end(pairs: set[tuple[str, str]], client: str, server: str) -> None:
    depth = walked(pairs, client).get(server)
    ways = paths(of(pairs), f"service:{client}", f"service:{server}")
    assert {len(way) for way in ways} == (set() if not depth else {depth})


@given(SOME)
def test_every_node_starts_after_all_that_it_needs(pairs: set[tuple[str, str]]) -> None:
    waves = {node: number for number, step in numbered(start_order(of(pairs))) for node in step.nodes}
    together = {node: step.nodes for _, step in numbered(start_order(of(pairs))) for node in step.nodes}
    assert sorted(waves) == [f"service:{name}" for name in NAMES]
    for client, server in pairs:
        client, server = f"service:{client}", f"service:{server}"
        assert waves[server] < waves[client] or server in together[client]


@given(SOME)
def test_every_node_stops_before_all_that_it_needs(pairs: set[tuple[str, str]]) -> None:
    steps = list(numbered(stop_order(of(pairs))))
    waves = {node: number for number, step in steps for node in step.nodes}
    together = {node: step.nodes for _, step in steps for node in step.nodes}
    for client, server in pairs:
        client, server = f"service:{client}", f"service:{server}"
        assert waves[client] < waves[server] or server in together[client]


@given(SOME)
def test_nodes_of_one_step_reach_each_other_and_have_an_order_without_what_breaks_it(
    pairs: set[tuple[str, str]],
) -> None:
    for _, step in numbered(start_order(of(pairs))):
        for one in step.nodes:
            assert {short(each) for each in step.nodes} <= walked(pairs, short(one)).keys()
        taken = {(short(one.client), short(one.server)) for one in step.breaks}
        left = {pair for pair in pairs if pair not in taken}
        inside = {pair for pair in left if {f"service:{end}" for end in pair} <= set(step.nodes)}
        assert all(len(later.nodes) == 1 for _, later in numbered(start_order(of(inside))))
        assert bool(taken) == (len(step.nodes) > 1)


def test_the_one_arrow_that_all_circles_share_is_named_although_it_carries_more() -> None:
    edges = [edge("a", "b", opened=9), edge("b", "a", opened=1), edge("b", "c", opened=1), edge("c", "a", opened=1)]
    nodes = [node(name) for name in "abc"]
    on = wired(ServiceMap(start="", end="", level="service", nodes=nodes, edges=edges))
    assert [(short(one.client), short(one.server)) for one in breaking(on, sorted(on))] == [("a", "b")]


def test_a_large_circle_has_an_order_without_what_breaks_it() -> None:
    draw = Random(1)
    names = [f"s{number}" for number in range(200)]
    pairs = {(draw.choice(names), draw.choice(names)) for _ in range(2_000)}
    on = wired(
        ServiceMap(start="", end="", level="service", nodes=[*map(node, names)], edges=[edge(*each) for each in pairs])
    )
    (step,) = [step for _, step in numbered(start_order(on)) if len(step.nodes) > 1]
    for one in step.breaks:
        on.remove_edge(one.client, one.server)
    assert len(step.nodes) > 150
    assert all(len(later.nodes) == 1 for _, later in numbered(start_order(on)))


def test_a_proxy_is_drawn_through() -> None:
    found = a_map([("a", "b"), ("b", "c"), ("b", "d")], {"b": "haproxy"})
    through = wired(found, collapse=True)
    assert "service:b" not in through
    assert arrow(through, "service:a", "service:c").through == ("service:b",)
    assert through.has_edge("service:a", "service:d")


def test_a_proxy_without_servers_is_a_server_itself() -> None:
    found = a_map([("a", "b")], {"b": "nginx"})
    assert "service:b" in wired(found, collapse=True)


@pytest.mark.parametrize("name", ["service:a", "a"])
def test_a_node_is_found_by_its_id_and_by_its_title(name: str) -> None:
    found = a_map([])
    assert called(found, {one.id: one.title for one in found.nodes})[name] == ["service:a"]


def numbered(waves: list[list[Step]]) -> Iterable[tuple[int, Step]]:
    for number, wave in enumerate(waves):
        for step in wave:
            yield number, step

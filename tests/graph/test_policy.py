"""Rules that a map implies, against the map that they were made of and others."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from graph.model import Edge, ServiceMap
from graph.peers import PeersRow
from graph.questions.policy import Rule, blocked, by_edge, implied
from tests.graph.test_questions import NAMES, SOME, Pairs, a_map, edge

NODES = st.sets(st.sampled_from(NAMES)).map(lambda names: {f"service:{name}" for name in names})


def allowed(rules: list[Rule]) -> list[tuple[str, str, str]]:
    return [(one.node.removeprefix("service:"), one.direction, one.peer.removeprefix("service:")) for one in rules]


def rules_of(pairs: Pairs, *names: str) -> list[Rule]:
    return implied(a_map(pairs), [f"service:{name}" for name in names], {})


def ends(found: list[tuple[Edge, Rule]]) -> set[tuple[str, str]]:
    return {(one.client.removeprefix("service:"), one.server.removeprefix("service:")) for one, _ in found}


def test_who_connects_to_a_node_and_where_it_connects_to_is_allowed() -> None:
    found = rules_of([("a", "b"), ("b", "c"), ("c", "d")], "b")
    assert allowed(found) == [("b", "in", "a"), ("b", "out", "c")]
    assert {(one.transport, one.port, one.connections) for one in found} == {("tcp", 80, 1)}


def test_a_node_that_nobody_connects_to_says_so() -> None:
    assert allowed(rules_of([("a", "b")], "a")) == [("a", "in", ""), ("a", "out", "b")]


@given(SOME, NODES)
def test_rules_block_nothing_of_the_map_that_they_are_made_of(pairs: set[tuple[str, str]], nodes: set[str]) -> None:
    assert blocked(a_map(pairs), implied(a_map(pairs), nodes, {})) == []


@given(SOME, SOME, NODES)
def test_rules_block_what_is_new_at_a_node_and_nothing_else(
    pairs: set[tuple[str, str]], later: set[tuple[str, str]], nodes: set[str]
) -> None:
    found = blocked(a_map(later), implied(a_map(pairs), nodes, {}))
    new = {pair for pair in later - pairs if {f"service:{name}" for name in pair} & nodes}
    assert ends(found) == new


def test_rules_of_one_direction_leave_the_other_alone() -> None:
    of = a_map([("a", "b")])
    rules = implied(of, ["service:b"], {}, ["in"])
    assert ends(blocked(a_map([("a", "b"), ("b", "c"), ("d", "b")]), rules)) == {("d", "b")}


def test_another_port_is_another_rule() -> None:
    rules = rules_of([("a", "b")], "b")
    of = ServiceMap(start="", end="", level="service", nodes=[], edges=[edge("a", "b", port=22)])
    ((one, rule),) = blocked(of, rules)
    assert (one.server_port, rule.direction) == (22, "in")


def test_attempts_that_failed_are_neither_allowed_nor_missed() -> None:
    failed = structs.replace(edge("a", "b"), connections_closed=0, connections_failed=1)
    of = structs.replace(a_map([]), edges=[failed])
    rules = implied(of, ["service:b"], {})
    assert allowed(rules) == [("b", "in", ""), ("b", "out", "")]
    assert blocked(of, rules) == []


def test_addresses_of_loopback_are_left_out() -> None:
    seen = PeersRow("service:a", "service:b", "tcp", 80, ["10.0.0.1", "127.0.0.1"], ["10.0.0.2", "::1"])
    (into, _) = implied(a_map([("a", "b")]), ["service:b"], by_edge([seen]))
    assert (into.peer_addresses, into.node_addresses) == (["10.0.0.1"], ["10.0.0.2"])


def test_sockets_of_one_host_pass_no_firewall() -> None:
    of = structs.replace(a_map([]), edges=[structs.replace(edge("a", "b"), transport="unix")])
    assert allowed(implied(of, ["service:b"], {}, ["in"])) == [("b", "in", "")]

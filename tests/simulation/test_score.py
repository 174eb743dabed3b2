from collections.abc import Iterable
from typing import Any

import pytest

from graph.clustering.cluster import PEERS, Cluster, Member
from graph.counters import NAMES
from graph.culprit.model import Answer, Suspect
from graph.levels import LEVELS
from graph.model import Edge, Node, ServiceMap
from graph.requests import Key
from schemas.ids import address_node, host_node
from simulation.expected import Carried, Truth, titles
from simulation.faults import Fault, Kind
from simulation.fleet import Instance
from simulation.machine import OWN_NETNS
from simulation.score import LevelScore, Score, Share, lines, name_services, score, score_events
from simulation.score_clusters import score_clusters
from simulation.score_culprits import ranked
from simulation.truth import TrueEnd, TrueKey, TrueWindow
from tests.simulation.made import DB, ODD, SHOP, WEB, carried, end, instance, killed, node, window

BOTH = {(WEB, SHOP): carried(), (SHOP, DB): carried()}
PERFECT = 1.0


def truth_of(*windows: TrueWindow) -> Truth:
    truth = Truth()
    for one in windows:
        truth.take(one)
    return truth


def edge(key: Key, **changed: Any) -> Edge:
    """Return an edge of a map that carried what `carried` says."""
    known: dict[str, Any] = {
        "protocol": "", "tls_name": "", "alias": "", "rule": "listener", "first": "", "last": "",
        "seen_by_client": True, "seen_by_server": True, "recorded_s": 5.0,
        "connections_opened": 1, "connections_closed": 0, "connections_active": 1, "connections_failed": 0,
        "counters": dict.fromkeys(NAMES, 0) | {"client_sent_bytes": 1_000, "client_received_bytes": 10_000},
        "requests": 10, "errors": 1,
    }  # fmt: skip
    return Edge(**{**key._asdict(), **known, **changed})


def shown(level: str, edges: Iterable[Edge], named: dict[str, str] | None = None) -> ServiceMap:
    made = list(edges)
    ids = sorted({end for one in made for end in (one.client, one.server)})
    nodes = [Node(id=each, kind=each.partition(":")[0], title=(named or {}).get(each, "")) for each in ids]
    return ServiceMap(start="", end="", level=level, nodes=nodes, edges=made)


def perfect(truth: Truth, level: str, **changed: Any) -> ServiceMap:
    """Return the map that shows all that is true."""
    named = {node: title for one in truth.ends.values() for node, title in titles(one).items()}
    return shown(level, (edge(key, **changed) for key in sorted(truth.true(level))), named)


def values(made: LevelScore) -> set[float]:
    return {share.value for share in made.shares.values()}


@pytest.mark.parametrize("level", LEVELS)
def test_a_map_that_is_the_truth_is_perfect_at_every_level(level: str) -> None:
    truth = truth_of(window(0, BOTH))
    made = score(truth, perfect(truth, level))
    assert values(made) == {PERFECT}
    assert Score(levels=[made]).passes(PERFECT)
    assert not [*lines(Score(levels=[made]))]
    assert made.edges_recall.of == 2


def test_an_edge_to_another_service_is_a_wrong_credit_by_name() -> None:
    truth = truth_of(window(0, BOTH))
    wrong = Key("service:web", "service:db", "tcp", SHOP.port)
    right = Key(f"service:{ODD}", "service:db", "tcp", DB.port)
    made = score(truth, shown("service", map(edge, (wrong, right))))
    assert made.wrong == [f"service:web → service:db tcp/{SHOP.port}"]
    assert made.missing == [f"service:web → service:{ODD} tcp/{SHOP.port}"]
    assert (made.edges_precision.value, made.edges_recall.value) == (0.5, 0.5)
    assert not Score(levels=[made]).passes(0.1)


def test_an_edge_whose_ends_changed_places_is_wrong_and_said_to_be_swapped() -> None:
    truth = truth_of(window(0, {(WEB, SHOP): carried()}))
    made = score(truth, shown("service", [edge(Key(f"service:{ODD}", "service:web", "tcp", 40_000))]))
    assert made.swapped == made.wrong != []


def test_two_processes_of_one_address_talk_by_loopback() -> None:
    cache = end(WEB)._replace(node="process:host1:0b007b00:999:7", service="cache")
    talk = TrueKey(node(WEB), cache.node, "tcp", 6379)
    seen = Carried(client_watched=True, server_watched=True)
    truth = Truth(edges={talk: seen}, ends={node(WEB): end(WEB), cache.node: cache})
    local = f"address:host1/{OWN_NETNS}@127.0.0.1"
    assert truth.true("address") == {Key(local, local, "tcp", 6379)}
    assert truth.true("service") == {Key("service:web", "service:cache", "tcp", 6379)}


def test_what_no_agent_saw_is_left_out_and_listed_apart() -> None:
    blind = [end(one, agent=False) for one in (SHOP, DB)]
    truth = truth_of(window(0, BOTH, ends=(end(WEB), *blind)))
    address = address_node("", SHOP.address)
    made = score(truth, shown("service", [edge(Key("service:web", address, "tcp", SHOP.port))]))
    assert made.unprovable == [f"service:{ODD} → service:db tcp/{DB.port}"]
    assert (made.edges_recall.of, made.edges_recall.value, made.wrong) == (1, PERFECT, [])


def test_an_end_without_an_agent_may_be_known_all_the_same() -> None:
    truth = truth_of(window(0, {(WEB, SHOP): carried()}, ends=(end(WEB), end(SHOP, agent=False))))
    for server in (f"service:{ODD}", host_node(SHOP.host.name), address_node("", SHOP.address)):
        made = score(truth, shown("service", [edge(Key("service:web", server, "tcp", SHOP.port))]))
        assert (made.edges_recall.value, made.wrong) == (PERFECT, [])


def test_an_end_of_which_the_agent_knew_more_is_missing_if_less_is_shown_but_no_wrong_credit() -> None:
    truth = truth_of(window(0, {(WEB, SHOP): carried()}))
    made = score(truth, shown("process", [edge(Key(node(WEB), host_node(SHOP.host.name), "tcp", SHOP.port))]))
    assert (made.edges_recall.value, made.edges_precision.value, made.wrong) == (0.0, PERFECT, [])
    assert len(made.vague) == 1


def test_a_process_whose_agent_may_not_know_it_may_be_its_host() -> None:
    unknown = end(SHOP, owner_known=False)
    truth = truth_of(window(0, {(WEB, SHOP): carried()}, ends=(end(WEB), unknown)))
    made = score(truth, shown("process", [edge(Key(node(WEB), host_node(SHOP.host.name), "tcp", SHOP.port))]))
    assert made.edges_recall.value == PERFECT


def test_an_agent_that_was_there_for_a_while_knew() -> None:
    away, back = end(SHOP, agent=False), end(SHOP)
    pair = {(WEB, SHOP): carried()}
    truth = truth_of(window(0, pair, ends=(end(WEB), away)), window(1, pair, ends=(end(WEB), back)))
    made = score(truth, shown("service", [edge(Key("service:web", address_node("", SHOP.address), "tcp", SHOP.port))]))
    assert made.edges_recall.value == 0.0


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"connections_opened": 2}, "opened"),
        ({"connections_failed": 1}, "failed"),
        ({"requests": 12}, "requests"),
        ({"errors": 0}, "errors"),
        ({"counters": dict.fromkeys(NAMES, 0)}, "bytes"),
    ],
)
def test_a_count_that_is_off_is_named(changed: dict[str, Any], name: str) -> None:
    truth = truth_of(window(0, BOTH))
    made = score(truth, perfect(truth, "process", **changed))
    assert {each for each, share in made.counts.items() if share.value < PERFECT} == {name}
    assert all(f" {name} of " in each for each in made.miscounted)


def test_counts_are_not_compared_where_agents_cannot_have_seen_all() -> None:
    pair = {(WEB, SHOP): carried()}
    blind = (end(WEB, agent=False), end(SHOP))
    truth = truth_of(window(0, pair), window(1, pair, ends=blind))
    made = score(truth, perfect(truth, "process"))
    assert {share.of for share in made.counts.values()} == {0}


def test_a_node_with_a_wrong_title_is_named() -> None:
    truth = truth_of(window(0, BOTH))
    found = perfect(truth, "host")
    found.nodes[0].title = "else"
    assert score(truth, found).misnamed == [f"{found.nodes[0].id} is called else"]


def test_a_service_is_called_after_itself_or_its_program() -> None:
    truth = truth_of(window(0, BOTH))
    made = score(truth, perfect(truth, "service"))
    called = {node(WEB): "web", node(SHOP): "prog", node(DB): "shop"}
    named = name_services(made, truth, called)
    assert named.names == Share(2, 3)
    assert named.misnamed == ["db is called shop (1 processes)"]


def test_what_services_are_called_changes_nothing_of_who_talks_to_whom() -> None:
    truth = truth_of(window(0, BOTH)).called({node(DB): "postgres"})
    assert Key(f"service:{ODD}", "service:postgres", "tcp", DB.port) in truth.true("service")
    assert values(score(truth, perfect(truth, "service"))) == {PERFECT}


def test_levels_add_up_what_processes_carried() -> None:
    other = TrueEnd(*end(WEB))._replace(node="process:host1:0b007b00:900:8")
    once = window(0, {(WEB, SHOP): carried()}, ends=(other,))
    once.edges[TrueKey(other.node, node(SHOP), "tcp", SHOP.port)] = carried()
    truth = truth_of(once)
    (total,) = truth.counted("service").values()
    assert (total.requests, total.opened) == (20, 2)
    assert len(truth.counted("process")) == 2


def test_events_of_processes_are_compared_from_the_second_window_on() -> None:
    truth = truth_of(window(0, BOTH, events=(killed(WEB, 0),)), window(1, BOTH, events=(killed(DB, 1),)))
    assert score_events(truth, []).missing == [f"process_exited {node(DB)}"]
    both = score_events(truth, [("process_exited", node(DB)), ("process_exited", node(WEB))])
    assert (both.precision.value, both.recall.value) == (PERFECT, PERFECT)
    assert score_events(truth, [("process_started", node(DB))]).wrong == [f"process_started {node(DB)}"]


def cluster(*members: Instance) -> Cluster:
    of = [Member(id=node(one), title="", nodes=[node(one)]) for one in members]
    return Cluster(id="", name="", kind=PEERS, port=0, members=of, clients=[], evidence=[], confidence=1.0)


def test_clusters_are_right_with_all_members_and_no_others() -> None:
    other = instance("db", 4)
    truth = truth_of(window(0, {(WEB, DB): carried(), (other, DB): carried()}))
    found = perfect(truth, "process")
    assert score_clusters(truth, found, [cluster(DB, other)]).recall == Share(1, 1)
    fewer = score_clusters(truth, found, [])
    assert (fewer.recall, fewer.missing) == (Share(0, 1), ["db00@host3, db00@host4"])
    more = score_clusters(truth, found, [cluster(DB, other, WEB)])
    assert (more.precision, more.wrong) == (Share(0, 1), ["db00@host3, db00@host4, web00@host1"])


@pytest.mark.parametrize(
    ("where", "kind", "suspects", "rank"),
    [
        ("db", "slow", ["service:web", "service:db"], 2),
        ("db", "slow", ["service:web"], 0),
        ("db00", "kill", [node(DB)], 1),
        ("host3", "pressure", ["service:db", "host:host3"], 2),
        ("db", "pressure", ["host:host3"], 1),
        ("zoneB", "delay", ["zone:us-east-1:zoneB"], 1),
        ("web > db", "partition", ["service:web → service:db tcp/8003"], 1),
    ],
)
def test_a_culprit_is_what_the_fault_struck(where: str, kind: Kind, suspects: list[str], rank: int) -> None:
    truth = truth_of(window(0, BOTH))
    found = [
        Suspect(subject=subject, kind="slow", blame=0.5, path=[], reasons=[]) for subject in suspects
    ]  # fmt: skip
    answer = Answer(began=0, symptom="", suspects=found)
    assert ranked(Fault(kind=kind, where=where, at_s=0), truth, answer).rank == rank

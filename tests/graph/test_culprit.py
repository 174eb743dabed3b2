"""The culprit is the deepest node or edge that departs from its own past; what is behind it is named instead."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from graph.culprit.finding import find
from graph.culprit.model import Answer, Edge, Evidence, Measured, Node, Suspect, Values, Witness
from graph.culprit.words import Names, words
from tests.graph.culprit_cases import AFTER, BEFORE, BEGAN, MINUTE, TIMES, edge, shop, varied

SLOWER = {"mean": 110.0, "p50": 108.0, "p95": 130.0}
SLOW_STORE = shop(
    {("cart", "store"): SLOWER, ("web", "cart"): SLOWER, ("users", "web"): SLOWER, ("search", "store"): SLOWER}
    | {("web", "search"): SLOWER}
)
FAILS = {"failed": 5.0}


def suspected(evidence: Evidence) -> list[str]:
    return [suspect.subject for suspect in find(evidence).suspects]


def test_nobody_is_accused_where_nothing_departs_from_its_past() -> None:
    answer = find(shop({}))

    assert not answer.suspects


def test_a_caller_whose_added_time_is_that_of_its_callee_is_not_the_culprit() -> None:
    assert suspected(SLOW_STORE)[0] == "store"


def test_the_path_leads_from_the_symptom_to_the_culprit_with_what_was_measured_at_each_hop() -> None:
    answer = find(structs.replace(SLOW_STORE, symptom="web"))

    assert answer.suspects[0].path[0] == "web"
    assert answer.suspects[0].path[-1] == "store"
    assert {found.subject for found in answer.measured} >= {"store"}
    assert all(found.out > 0 for found in answer.measured)


def test_the_way_shows_of_each_hop_what_was_measured_there_and_not_at_one_whose_name_begins_alike() -> None:
    slow = [
        Measured(subject=subject, measure="p50", usual=1, now=2, out=9)
        for subject in ("users → web tcp/80", "web → store2 tcp/80")
    ]
    store = Suspect(subject="store", kind="slow", blame=1, path=["web", "store"], reasons=[])
    answer = Answer(began=BEGAN, symptom="web", suspects=[store], measured=slow)

    assert words(answer, Names(shop({}), {}), str).way == ["web: time to answer (median) 2 ms, usually 1 ms", "store"]


def test_a_caller_that_adds_more_than_its_callees_is_the_culprit() -> None:
    slow_web = shop({("users", "web"): {"mean": 300.0, "p50": 300.0, "p95": 400.0}})

    assert suspected(slow_web) == ["web"]


def test_errors_are_followed_to_where_they_begin() -> None:
    failing = shop({("users", "web"): FAILS, ("web", "cart"): FAILS, ("cart", "store"): FAILS})

    assert suspected(failing)[0] == "store"


@pytest.mark.parametrize("wrong", [-MINUTE, MINUTE])
def test_a_start_that_is_a_minute_wrong_finds_the_same(wrong: int) -> None:
    assert suspected(structs.replace(SLOW_STORE, began=BEGAN + wrong))[0] == "store"


def test_a_start_that_nobody_says_is_found() -> None:
    assert suspected(structs.replace(SLOW_STORE, began=None))[0] == "store"


def test_a_client_that_asks_for_much_more_than_usual_is_behind_slow_answers() -> None:
    more = {"requests": 250.0}
    surge = {("users", "web"): more, ("web", "cart"): more, ("cart", "store"): more | SLOWER}

    assert suspected(shop(surge))[0] == "users"


def test_a_surge_that_troubles_nobody_yet_is_named_too() -> None:
    more = {"requests": 160.0}

    (first,) = find(shop({("web", "cart"): more, ("web", "search"): more})).suspects
    assert (first.subject, first.kind) == ("web", "surge")


def test_those_who_ask_again_for_what_fails_are_no_surge() -> None:
    again = {"requests": 95.0, "failed": 90.0}
    failing = {("users", "web"): FAILS, ("web", "cart"): {"failed": 45.0}, ("cart", "store"): again}

    assert suspected(shop(failing))[0] == "store"


def _link(client: str, server: str, *, lost: float) -> Edge:
    ends = ("client", "server")
    return Edge(
        client=client,
        server=server,
        series={f"{end}_retransmits": varied(0.001, 0.001 + lost, f"{client}{server}{end}") for end in ends},
    )


def test_a_host_whose_links_all_lose_packets_is_behind_slow_answers() -> None:
    pairs = (("host:a", "host:b"), ("host:a", "host:c"), ("host:b", "host:c"), ("host:d", "host:c"))
    links = [_link(*pair, lost=0.1 if "host:b" in pair else 0.0) for pair in pairs]
    nodes = [Node(id="web", inside=["host:a"]), Node(id="cart", inside=["host:b"]), Node(id="store", inside=["host:c"])]
    slow = shop({("web", "cart"): SLOWER, ("users", "web"): SLOWER}, links=links, nodes=nodes)

    (first, *_) = find(slow).suspects
    assert (first.subject, first.kind) == ("host:b", "network")
    assert {found.measure for found in first.reasons} >= {"client_retransmits"}


def test_a_host_without_room_is_behind_its_slow_services() -> None:
    host = Node(id="host:a", series={"cpu": varied(0.3, 0.98, "a"), "waiting": varied(0.02, 0.5, "b")})
    services = [Node(id=name, inside=["host:a"], series={"cpu": varied(0.1, 0.1, name)}) for name in ("cart", "store")]
    slow = shop({("cart", "store"): SLOWER}, nodes=[host, *services])

    assert suspected(slow)[0] == "host:a"


def test_a_service_that_is_throttled_is_named_with_its_quota() -> None:
    store = Node(id="store", inside=["host:a"], series={"throttled": varied(0.01, 0.6, "store")})

    (first, *_) = find(structs.replace(SLOW_STORE, nodes=[store])).suspects
    assert (first.subject, first.kind) == ("store", "resources")
    assert "throttled" in {found.measure for found in first.reasons}


def test_hosts_of_a_zone_that_fall_silent_together_are_one_zone() -> None:
    alive: Values = [1.0] * BEFORE + [0.0] * AFTER
    hosts = [Node(id=f"host:{name}", inside=["zone:1"], series={"alive": alive}) for name in "ab"]
    parts = [Node(id=f"store@{name}", of="store", inside=[f"host:{name}"]) for name in "ab"]
    gone = {("cart", "store"): {"failed": 45.0}, ("search", "store"): {"failed": 45.0}}

    assert suspected(shop(gone, nodes=[*hosts, *parts]))[0] == "zone:1"


def test_who_asks_no_more_is_named_where_requests_stop() -> None:
    nothing = {"requests": 0.0}
    stopped = shop({("users", "web"): nothing, ("web", "cart"): nothing, ("web", "search"): nothing})

    (first, *_) = find(structs.replace(stopped, symptom="cart")).suspects
    assert (first.subject, first.kind, first.path) == ("users", "gone", ["cart", "web", "users"])


def test_what_is_missing_is_not_zero() -> None:
    silent = structs.replace(
        shop({}), edges=[Edge(client="web", server="cart", series={"requests": [50.0] * BEFORE + [None] * AFTER})]
    )

    answer = find(structs.replace(silent, symptom="cart"))
    assert not answer.suspects
    assert "how cart usually answers" in answer.not_known


def test_what_was_so_in_the_past_hour_too_is_no_departure() -> None:
    often: Values = [300.0 if at % 4 == 0 else 8.0 for at in range(BEFORE + AFTER)]
    web = Edge(client="users", server="web", series={"requests": [50.0] * len(TIMES), "p50": often})

    assert not suspected(structs.replace(shop({}), edges=[web]))


def test_what_happened_nearby_in_time_is_a_witness() -> None:
    deployed = Witness(time=BEGAN - MINUTE, node="store", text="a new process of store")
    yesterday = Witness(time=BEGAN - 1_000 * MINUTE, node="store", text="another one")

    (first, *_) = find(structs.replace(SLOW_STORE, witnesses=[deployed, yesterday])).suspects
    assert first.witnesses == [deployed]


def test_what_passes_the_trouble_on_is_ruled_out_by_what_it_asks() -> None:
    ruled_out = {one.subject: one.by for one in find(structs.replace(SLOW_STORE, symptom="web")).ruled_out}

    assert ruled_out["web"] in ("cart", "search")


@given(seed=st.integers(0, 2**32), names=st.permutations(["users", "web", "cart", "search", "store"]))
@settings(max_examples=25, deadline=None)
def test_the_order_of_nodes_and_edges_changes_nothing(seed: int, names: list[str]) -> None:
    order = {name: at for at, name in enumerate(names)}
    turned = structs.replace(
        SLOW_STORE,
        nodes=sorted(SLOW_STORE.nodes, key=lambda node: order[node.id]),
        edges=sorted(SLOW_STORE.edges, key=lambda each: (order[each.client], order[each.server], seed)),
    )

    assert find(turned) == find(SLOW_STORE)


@given(times=st.sampled_from([0.001, 0.1, 4.0, 1_000.0]))
@settings(deadline=None)
def test_the_unit_of_times_changes_nothing(times: float) -> None:
    def scaled(one: Edge) -> Edge:
        slow = {
            name: [None if value is None else value * times for value in one.series[name]]
            for name in ("mean", "p50", "p95")
        }
        return structs.replace(one, series={**one.series, **slow})

    other = find(structs.replace(SLOW_STORE, edges=[scaled(one) for one in SLOW_STORE.edges]))
    same = find(SLOW_STORE)
    assert [one.subject for one in same.suspects] == [one.subject for one in other.suspects]
    assert [one.blame for one in same.suspects] == pytest.approx([one.blame for one in other.suspects])


@given(values=st.dictionaries(st.sampled_from(["requests", "failed", "mean", "p95"]), st.floats(0, 1e9), max_size=4))
@settings(deadline=None)
def test_series_that_never_change_accuse_nobody(values: dict[str, float]) -> None:
    series = {name: [value] * len(TIMES) for name, value in values.items()}

    assert not suspected(structs.replace(shop({}), edges=[Edge(client="a", server="b", series=series)]))


@given(
    st.lists(st.lists(st.none() | st.floats(0, 1e12), min_size=len(TIMES), max_size=len(TIMES)), min_size=5, max_size=5)
)
@settings(max_examples=30, deadline=None)
def test_any_series_has_an_answer(series: list[Values]) -> None:
    names = ("requests", "failed", "mean", "p95", "client_rtt")
    odd = Edge(client="web", server="cart", series=dict(zip(names, series, strict=True)))
    node = Node(id="cart", series={"cpu": series[0]})

    answer = find(structs.replace(shop({}), edges=[odd, edge("users", "web")], links=[odd], nodes=[node]))
    assert all(0 <= suspect.blame <= 1.0001 for suspect in answer.suspects)


@pytest.mark.parametrize("symptom", ["", "web", "nobody", "users → web"])
def test_calls_in_a_circle_have_an_end(symptom: str) -> None:
    circle = [edge("web", "cart", **SLOWER), edge("cart", "web", **SLOWER), edge("users", "web", **SLOWER)]

    answer = find(structs.replace(shop({}), edges=circle, symptom=symptom))
    assert sum(suspect.blame for suspect in answer.suspects) <= 1.0001

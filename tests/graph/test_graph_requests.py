"""HTTP on node graphs: where requests fail, the edge and its server are red, also with working connections."""

import pytest

from graph.alert_edges import by_side, connections_failed, requests_failed
from graph.model import Wanted
from graph.reading import read_map
from graph.requests import judged, requests_by_edge, usual_by_edge
from schemas.health import ALERTS
from schemas.latency import bucket
from sinks.rollup import Rollup
from sinks.store import Store
from tests.graph.flows import T0, WIDTH, End, asked, flow, requests, stored
from tests.graph.test_graph import Graph
from tests.rollups.conftest import Fresh

BOT = End("10.0.0.1", 40_001, "id-web1", 100, "bot")
WEB = End("10.0.0.1", 8080, "id-web1", 200, "web")
VOTING = End("10.0.0.2", 8081, "id-web2", 300, "voting")
STORE = End("10.0.0.2", 8082, "id-web2", 400, "store")
CACHE = End("10.0.0.2", 6379, "id-web2", 500, "cache")
GREEN, AMBER, RED = "#73bf69", "#ff9830", "#e02f44"
HEALTH = {GREEN: "ok", AMBER: "warn", RED: "bad"}
WEB_TO_VOTING, VOTING_TO_STORE = "service:web > service:voting", "service:voting > service:store"


@pytest.fixture(scope="module")
def demo(fresh: Fresh) -> Store:
    """The demo: every ninth answer of the store is a 5xx, no connections fail, and those of the cache are no HTTP."""
    store = fresh()
    asked = flow(BOT, WEB, opened=1)
    passed_on = flow(WEB._replace(port=40_002), VOTING, opened=1, rtt_us=90)
    failing = flow(VOTING._replace(port=40_003), STORE, opened=1, rtt_us=80)
    stored(store, asked, passed_on, failing, flow(VOTING._replace(port=40_004), CACHE, opened=1, rtt_us=70))
    requests(
        store,
        (asked, {"GET 2xx": 60, "POST 2xx": 4}, {bucket(9_000): 64}),
        (passed_on, {"POST 2xx": 999, "POST 5xx": 1}, {bucket(5_000): 1000}),
        (failing, {"POST 2xx": 56, "POST 4xx": 1, "POST 5xx": 7}, {bucket(400): 62, bucket(21_000): 2}),
    )
    return store


def test_the_edge_whose_requests_fail_is_red_and_its_neighbours_are_not(demo: Store) -> None:
    edges = Graph(demo).edges

    colours = {name: edge["color"] for name, edge in edges.items()}
    assert colours == {
        "service:bot > service:web": GREEN,
        WEB_TO_VOTING: GREEN,  # one of a thousand
        VOTING_TO_STORE: RED,
        "service:voting > service:cache": GREEN,
    }
    assert edges[VOTING_TO_STORE]["failed_share"] == pytest.approx(7 / 64)


def test_the_arc_of_the_server_is_red_and_not_that_of_the_client(demo: Store) -> None:
    nodes = Graph(demo).nodes

    failed = {name.removeprefix("service:"): node["arc__failed"] for name, node in nodes.items()}
    assert failed == pytest.approx({"bot": 0, "web": 0, "voting": 1 / 1000, "store": 7 / 64, "cache": 0})


def test_nodes_with_requests_describe_them_in_words(demo: Store) -> None:
    graph = Graph(demo)

    for shown in (graph.edges[VOTING_TO_STORE], graph.nodes["service:store"]):
        assert (shown["detail__signals"], shown["detail__requests"]) == ("requests", "12.8 req/s")
        assert (shown["detail__errors"], shown["detail__latency"]) == ("10.9 % of requests", "p50 0.4 ms, p99 21 ms")
    for plain in (graph.edges["service:voting > service:cache"], graph.nodes["service:cache"]):
        assert (plain["detail__signals"], plain["detail__rtt"]) == ("tcp", "0.07 ms")
        assert not any(plain[f"detail__{name}"] for name in ("requests", "errors", "latency"))


def test_a_node_without_clients_is_described_by_its_servers(demo: Store) -> None:
    bot = Graph(demo).nodes["service:bot"]

    assert (bot["detail__requests"], bot["detail__errors"]) == ("12.8 req/s", "")


def test_levels_add_up_requests(demo: Store) -> None:
    processes, hosts, addresses = (Graph(demo, level=level) for level in ("process", "host", "address"))

    assert max(edge["failed_share"] for edge in processes.edges.values()) == pytest.approx(7 / 64)
    assert hosts.nodes["host:id-web2"]["arc__failed"] == pytest.approx((1 + 7) / (1000 + 64))
    assert addresses.edges["address:10.0.0.1 > address:10.0.0.2"]["detail__requests"] == "200 req/s"


def test_the_worse_of_failed_connections_and_failed_requests_counts(fresh: Fresh) -> None:
    store = fresh()
    half = flow(BOT, WEB, opened=2, failed=1)
    few = flow(WEB._replace(port=40_002), VOTING, opened=9, failed=1)
    stored(store, half, few)
    requests(store, (half, {"GET 2xx": 3, "GET 5xx": 1}, {}), (few, {"GET 2xx": 3, "GET 5xx": 1}, {}))
    graph = Graph(store)

    assert graph.edges["service:bot > service:web"]["failed_share"] == pytest.approx(1 / 2)
    assert graph.edges[WEB_TO_VOTING]["failed_share"] == pytest.approx(1 / 4)
    assert graph.nodes["service:web"]["arc__failed"] == pytest.approx(1 / 2)
    assert graph.nodes["service:voting"]["arc__failed"] == pytest.approx(1 / 4)


def test_a_request_that_is_never_answered_is_an_error(fresh: Fresh) -> None:
    store = fresh()
    asked = flow(BOT, WEB, opened=1)
    stored(store, asked)
    requests(store, (asked, {"GET 2xx": 2}, {bucket(1_000): 2}), unanswered=2)

    assert Graph(store).edges["service:bot > service:web"]["detail__errors"] == "50 % of requests"


def test_an_older_connection_with_failed_requests_is_red(fresh: Fresh) -> None:
    store = fresh()
    before, kept = flow(BOT, WEB, opened=1), flow(BOT, WEB, window=T0 + WIDTH)
    stored(store, before, kept)
    requests(store, (kept, {"GET 5xx": 5}, {}))
    graph = Graph(store, **{"from": T0 + WIDTH, "to": T0 + 2 * WIDTH})

    assert graph.edges["service:bot > service:web"]["color"] == RED
    assert graph.nodes["service:web"]["arc__failed"] == 1


def test_requests_of_a_node_to_itself_count_once(fresh: Fresh) -> None:
    store = fresh()
    asked = flow(WEB._replace(port=40_009), WEB._replace(port=9000), opened=1)
    stored(store, asked)
    requests(store, (asked, {"GET 2xx": 3, "GET 5xx": 1}, {bucket(1_000): 4}))
    node = Graph(store).nodes["service:web"]

    assert node["detail__requests"] == "0.8 req/s"
    assert node["arc__failed"] == pytest.approx(1 / 4)


def test_requests_that_two_hosts_count_in_different_windows_count_once(fresh: Fresh) -> None:
    store = fresh()
    before, after = flow(BOT, WEB, opened=1), flow(BOT, WEB, window=T0 + WIDTH)
    stored(store, before, after)
    requests(store, (before, {"GET 2xx": 20}, {bucket(1_000): 20}), by_client=True)
    requests(store, (after, {"GET 2xx": 20}, {bucket(1_000): 20}))
    graph = Graph(store, **{"from": T0, "to": T0 + 2 * WIDTH})

    assert graph.edges["service:bot > service:web"]["detail__requests"] == "2 req/s"


def test_requests_of_a_minute_that_the_host_of_the_server_did_not_see_are_those_of_the_client(fresh: Fresh) -> None:
    store = fresh()
    before, after = flow(BOT, WEB, opened=1), flow(BOT, WEB, window=T0 + 60_000)
    stored(store, before, after)
    requests(store, (before, {"GET 2xx": 20}, {bucket(1_000): 20}), by_client=True)
    requests(store, (after, {"GET 2xx": 130}, {bucket(1_000): 130}))
    graph = Graph(store, **{"from": T0, "to": T0 + 75_000})

    assert graph.edges["service:bot > service:web"]["detail__requests"] == "2 req/s"


def test_a_host_that_samples_fewer_connections_in_any_window_is_not_believed_in_that_minute(fresh: Fresh) -> None:
    store = fresh()
    before, after = flow(BOT, WEB, opened=1), flow(BOT, WEB, window=T0 + WIDTH)
    stored(store, before, after)
    for window in (before, after):
        requests(store, (window, {"GET 2xx": 10}, {bucket(1_000): 10}), by_client=True)
    requests(store, (before, {"GET 2xx": 10}, {bucket(1_000): 10}))
    requests(store, (after, {"GET 2xx": 5}, {bucket(1_000): 5}), sampling=64)
    graph = Graph(store, **{"from": T0, "to": T0 + 2 * WIDTH})

    assert graph.edges["service:bot > service:web"]["detail__requests"] == "2 req/s"


# Connections opened and failed; answers now by class and by ms; answers before by ms; how well that is.
Times = dict[float, int]
JUDGED: list[tuple[int, int, dict[str, int], Times, Times, str]] = [
    (1_000, 9, {}, {}, {}, "ok"),
    (1_000, 10, {}, {}, {}, "warn"),
    (1_000, 49, {}, {}, {}, "warn"),
    (1_000, 50, {}, {}, {}, "bad"),
    (100, 21, {}, {}, {}, "bad"),
    (1, 0, {"GET 2xx": 990, "GET 5xx": 10}, {2: 1_000}, {}, "warn"),
    (1, 0, {"GET 2xx": 95, "GET 5xx": 5}, {2: 100}, {}, "bad"),
    (1, 0, {"GET error": 10, "GET unseen": 990}, {}, {}, "bad"),  # all whose results are known
    (1, 0, {"GET ok": 97, "GET error": 3, "SET noreply": 900}, {}, {}, "warn"),
    (1, 0, {"GET unseen": 100}, {}, {}, "ok"),
    (1, 0, {"GET 2xx": 10}, {300: 10}, {4: 100}, "bad"),
    (1, 0, {"GET 2xx": 10}, {40: 10}, {4: 100}, "warn"),  # slow, but not so very
    (1, 0, {"GET 2xx": 10}, {20: 10}, {4: 100}, "ok"),  # five times as long, and still nothing that is felt
    (1, 0, {"GET 2xx": 10}, {900: 10}, {400: 100}, "ok"),  # not three times as long
    (1, 0, {"GET 2xx": 10}, {4: 8, 600: 2}, {4: 100}, "warn"),  # one in ten
    (1, 0, {"GET 2xx": 10}, {4: 4, 600: 6}, {4: 80, 600: 20}, "ok"),  # a minute of reports, which are usual there
    (1, 0, {"GET 2xx": 4}, {900: 4}, {4: 100}, "ok"),  # too few to be sure
    (1, 0, {"GET 2xx": 10}, {900: 10}, {4: 19}, "ok"),  # too little is known of what is usual
    (1, 0, {"GET 2xx": 10}, {900: 10}, {}, "ok"),
    (1, 0, {"GET 2xx": 10}, {4: 10}, {300: 100}, "ok"),  # it has become quick
    (1, 0, {}, {}, {4: 100}, "ok"),
]
# Segments sent, and sent again; how well that is.
LOSSES = [(1_000, 29, "ok"), (1_000, 30, "warn"), (19, 19, "ok"), (20, 19, "warn"), (1_000, 400, "warn")]
FIRST, FIRST_LOSS = 9_000, 9_900  # ports of the edges


def _sketch(times: Times) -> dict[int, int]:
    return {bucket(1_000 * ms): count for ms, count in times.items()}


SLOW = FIRST + next(nth for nth, each in enumerate(JUDGED) if each[2:4] == ({"GET 2xx": 10}, {300: 10}))


def alerting(store: Store, text: str, name: str) -> set[int]:
    """Return the ports of the edges that an alert is about."""
    rows, columns = asked(store, text, {"from": T0, "to": T0 + WIDTH})
    named = [dict(zip((column for column, _ in columns), row, strict=True)) for row in rows]
    (share,) = [column for column, kind in columns if kind == "Float64"]
    return {int(row["port"].split()[1]) for row in named if row[share] > ALERTS[name].beyond}


@pytest.mark.parametrize("rolled_up", [False, True])
def test_the_graph_the_page_and_the_cli_find_the_same_health(fresh: Fresh, rolled_up: bool) -> None:
    store = fresh()
    before = T0 - 10 * 60_000
    now, then, wanted = [], [], {}
    for nth, (opened, failed, answers, times, usual, health) in enumerate(JUDGED):
        client, server = WEB._replace(port=30_000 + nth, service=f"c{nth}"), VOTING._replace(port=FIRST + nth)
        conversation = flow(client, server, opened=1)
        others = [client._replace(port=1_000 + n) for n in range(opened - 1)]
        rows = [flow(other, server, failed=int(n < failed), opened=1) for n, other in enumerate(others)]
        conversation["b_failed"] = int(failed > len(rows))
        stored(store, conversation, *rows)
        stored(store, flow(client, server, window=before))
        now.append((conversation, answers, _sketch(times)))
        then.append((flow(client, server, window=before), {"GET 2xx": sum(usual.values())}, _sketch(usual)))
        wanted[FIRST + nth] = health
    for nth, (sent, again, health) in enumerate(LOSSES):
        client, server = WEB._replace(port=20_000 + nth, service=f"l{nth}"), VOTING._replace(port=FIRST_LOSS + nth)
        stored(store, flow(client, server, opened=1, sent_segments=sent, retransmits=again))
        wanted[FIRST_LOSS + nth] = health
    requests(store, *(each for each in now if each[1]))
    requests(store, *then)
    if rolled_up:
        Rollup(store, now=lambda: T0 + 3_600_000).roll_up_all(before, before + 60_000)
    graph = {each["detail__ports"]: each for each in Graph(store).edges.values()}
    found = read_map(store, Wanted(start=T0, end=T0 + WIDTH))
    found = judged(found, requests_by_edge(store, "service", T0, T0 + WIDTH), usual_by_edge(store, "service", T0))

    assert {edge.server_port: edge.health for edge in found.edges} == wanted
    assert {int(port.split()[1]): HEALTH[each["color"]] for port, each in graph.items()} == wanted
    failing = alerting(store, connections_failed(), "failed") | alerting(store, requests_failed(), "errors")
    assert {wanted[port] for port in failing} == {"bad"}
    lossy = alerting(store, by_side("retransmits"), "retransmits")
    assert lossy == {port for port in wanted if wanted[port] == "warn"} & {FIRST_LOSS + 4}
    (slow,) = [edge for edge in found.edges if edge.server_port == SLOW]
    assert ", usually " in slow.why[0]["text"]
    assert graph[f"tcp {SLOW}"]["detail__usual"].startswith(("p50 4", "p50 3.9"))

"""Errors are a share of the requests whose results are known, and estimates say so, wherever they are shown."""

from collections.abc import Callable
from typing import Any

import pytest

from graph.alert_edges import requests_failed
from graph.model import ServiceMap, Wanted
from graph.panels import tables
from graph.reading import read_map
from graph.requests import judged, requests_by_edge
from schemas.health import ALERTS
from schemas.latency import bucket
from servicemap.exports.dot import text as dot
from servicemap.map_text import fault_lines, headings, rows
from sinks.rollup import Rollup
from sinks.store import Store
from tests.graph.flows import T0, WIDTH, End, asked, flow, requests, stored
from tests.graph.test_graph import Graph
from tests.graph.test_graph_requests import HEALTH as HEALTH_OF
from tests.rollups.conftest import Fresh
from view.drawing import drawn
from view.edge import edge_answer
from view.node import node_answer
from view.parameters import EdgeAsked, NodeAsked, TimelineAsked
from view.timeline import timeline_answer

ALL_FAIL, FEW_FAIL, NONE_KNOWN, NO_REPLY, EXACT = 81, 82, 83, 84, 85  # ports
SOME = (ALL_FAIL, NONE_KNOWN, EXACT)  # where one edge after another is asked about
ANSWERS = {  # as they were looked at
    ALL_FAIL: {"SELECT error": 10, "SELECT unseen": 10},
    FEW_FAIL: {"Shop/Buy ok": 97, "Shop/Buy error": 3, "other unseen": 900},
    NONE_KNOWN: {"STATEMENT unseen": 20},
    NO_REPLY: {"SET noreply": 90, "GET ok": 5, "GET error": 5},
    EXACT: {"GET 2xx": 90, "GET 5xx": 10},
}
KNOWN = {ALL_FAIL: 1.0, FEW_FAIL: 0.03, NONE_KNOWN: None, NO_REPLY: 0.5, EXACT: 0.1}
HEALTH = {ALL_FAIL: "bad", FEW_FAIL: "warn", NONE_KNOWN: "ok", NO_REPLY: "bad", EXACT: "bad"}
SAMPLING = {ALL_FAIL: 8, FEW_FAIL: 2, NONE_KNOWN: 4, NO_REPLY: 64, EXACT: 1}
RANGE = {"from": T0, "to": T0 + WIDTH}
Found = dict[int, dict[str, Any]]  # by port


@pytest.fixture(scope="module")
def town(fresh: Fresh) -> Store:
    """An edge for each port, to a service of its own."""
    store = fresh()
    for port, answers in ANSWERS.items():
        client = End("10.0.0.1", 40_000 + port, "id-web1", 1_000 + port, f"c{port}")
        row = flow(client, End("10.0.0.2", port, "id-web2", port, f"s{port}"), opened=1)
        stored(store, row)
        requests(store, (row, answers, {bucket(9_000): 4}), sampling=SAMPLING[port])
    usage: dict[str, Any] = {"window": T0, "host": "id-web1", "width_ms": WIDTH}
    store.insert("host_usage", {name: [value] for name, value in usage.items()})
    return store


def of_cli(store: Store) -> ServiceMap:
    requested = requests_by_edge(store, "service", T0, T0 + WIDTH)
    return judged(read_map(store, Wanted(start=T0, end=T0 + WIDTH)), requested, {})


def of_page(store: Store) -> dict[str, Any]:
    requested = requests_by_edge(store, "service", T0, T0 + WIDTH)
    return drawn(read_map(store, Wanted(start=T0, end=T0 + WIDTH)), None, (), requested, {}, ())


def in_json(store: Store) -> Found:
    return {edge["server_port"]: edge for edge in of_cli(store).as_fields()["edges"]}


def in_text(store: Store, heading: str) -> dict[int, str]:
    shown = of_cli(store)
    names = headings(shown)
    return {int(row[2].removeprefix("tcp/")): row[names.index(heading)] for row in rows(shown)}


def on_the_map(store: Store) -> Found:
    return {edge["server_port"]: edge for edge in of_page(store)["edges"]}


def of_nodes(store: Store) -> Found:
    nodes = {node["id"]: node["in"] for node in of_page(store)["nodes"]}
    return {port: nodes[f"service:s{port}"] for port in ANSWERS}


def in_panels(store: Store) -> Found:
    def facts(port: int) -> Any:
        edge = EdgeAsked(start=T0, end=T0 + WIDTH, client=f"service:c{port}", server=f"service:s{port}", port=port)
        return edge_answer(store, edge, T0 + WIDTH)["facts"]

    return {port: facts(port) for port in SOME}


def of_neighbours(store: Store) -> Found:
    def neighbour(port: int) -> Any:
        node = NodeAsked(start=T0, end=T0 + WIDTH, id=f"service:s{port}")
        return node_answer(store, node, T0 + WIDTH)["neighbours"][0]

    return {port: neighbour(port) for port in SOME}


def in_grafana(text: str) -> Callable[[Store], Found]:
    """Return what reads a table of Grafana's, asked for one edge after another."""

    def row(store: Store, port: int) -> dict[str, Any]:
        ends = {"client": f"service:c{port}", "server": f"service:s{port}", "port": ""}
        service = {"level": "service", "service": f"s{port}", "host": "", "role": "clients"}
        (values,), columns = asked(store, text, {**RANGE, "interval": 5, **service, **ends})
        found = dict(zip((name for name, _ in columns), values, strict=True))
        return {"error_share": found["errors"], "sampling": found["sampling"]}

    return lambda store: {port: row(store, port) for port in SOME}


SHOWN: dict[str, Callable[[Store], Found]] = {
    "map --json": in_json,
    "map of the page": on_the_map,
    "nodes of the page": of_nodes,
    "panels of edges": in_panels,
    "neighbours": of_neighbours,
    "Grafana: edges of the map": in_grafana(tables.top()),
    "Grafana: edge": in_grafana(tables.about()),
    "Grafana: its processes": in_grafana(tables.processes()),
    "Grafana: peers of a service": in_grafana(tables.peers()),
    "Grafana: requests to a service": in_grafana(tables.asked()),
}


@pytest.mark.parametrize("where", SHOWN)
def test_errors_are_a_share_of_known_results_and_estimates_have_their_sampling(town: Store, where: str) -> None:
    found = SHOWN[where](town)

    assert set(SOME) <= found.keys()
    assert {port: one["error_share"] for port, one in found.items()} == pytest.approx(
        {port: KNOWN[port] for port in found}
    )
    assert {port: one["sampling"] for port, one in found.items()} == {port: SAMPLING[port] for port in found}


def test_the_map_in_text_marks_estimates_and_shares_of_nothing_known(town: Store) -> None:
    assert in_text(town, "ERRORS") == {81: "~100.0 %", 82: "~3.0 %", 83: "-", 84: "~50.0 %", 85: "10.0 %"}
    assert in_text(town, "LOOKED AT") == {81: "1 of 8", 82: "1 of 2", 83: "1 of 4", 84: "1 of 64", 85: "all"}
    assert in_text(town, "REQ/S") == {81: "~32.0", 82: "~400.0", 83: "~16.0", 84: "~1280.0", 85: "20.0"}
    assert all(time.startswith("~9") == (port != EXACT) for port, time in in_text(town, "P99").items())


def test_graphviz_marks_estimates_too(town: Store) -> None:
    lines = {port: line for line in dot(of_cli(town)).splitlines() for port in ANSWERS if f'label="tcp/{port} ' in line}

    assert "~32.0 req/s  ~100.0 % errors  1 of 8 connections looked at" in lines[ALL_FAIL]
    assert '20.0 req/s  10.0 % errors"' in lines[EXACT]
    assert "errors" not in lines[NONE_KNOWN]


def test_all_judge_by_the_same_share(town: Store) -> None:
    graph = Graph(town).edges
    colours = {port: HEALTH_OF[graph[f"service:c{port} > service:s{port}"]["color"]] for port in ANSWERS}

    assert colours == HEALTH
    for shown in (in_json, on_the_map, in_panels, of_neighbours):
        found = shown(town)
        assert {port: one["health"] for port, one in found.items()} == {port: HEALTH[port] for port in found}


def test_reasons_say_what_they_are_estimated_from(town: Store) -> None:
    lines = fault_lines(of_cli(town))

    (all_fail,) = [line for line in lines if "tcp/81" in line]
    (exact,) = [line for line in lines if "tcp/85" in line]
    assert all_fail.endswith("100 % of requests fail (80 of 80), estimated: 1 of 8 connections looked at")
    assert exact.endswith("10 % of requests fail (10 of 100)")


def test_the_node_graph_shows_shares_of_known_results_and_marks_estimates(town: Store) -> None:
    graph = Graph(town)
    shown = {
        port: (graph.edges[f"service:c{port} > service:s{port}"], graph.nodes[f"service:s{port}"]) for port in ANSWERS
    }

    assert {port: {edge["detail__errors"], node["detail__errors"]} for port, (edge, node) in shown.items()} == {
        81: {"~100 % of requests"}, 82: {"~3 % of requests"}, 83: {""}, 84: {"~50 % of requests"},
        85: {"10 % of requests"},
    }  # fmt: skip
    for each in shown[ALL_FAIL]:
        assert (each["detail__requests"], each["detail__sampling"]) == ("~32 req/s", "1 of 8 connections looked at")
        assert each["detail__latency"].startswith("p50 ~9")
    assert {each["detail__sampling"] for each in shown[EXACT]} == {""}
    assert {port: node["arc__failed"] for port, (_, node) in shown.items()} == pytest.approx(
        {port: share or 0 for port, share in KNOWN.items()}
    )


def test_alerts_are_about_the_same_share_of_what_was_looked_at(town: Store) -> None:
    found, columns = asked(town, requests_failed(), RANGE)
    names = [column for column, _ in columns]
    shares = {int(row[names.index("port")].split()[1]): row[names.index("error_share")] for row in found}

    assert shares == pytest.approx({ALL_FAIL: 1.0, NO_REPLY: 0.5, EXACT: 0.1})
    assert min(shares.values()) > ALERTS["errors"].beyond


def test_steps_of_time_say_that_they_are_estimates(town: Store) -> None:
    line = timeline_answer(town, TimelineAsked(start=T0, end=T0 + WIDTH), T0 + WIDTH)
    node = node_answer(town, NodeAsked(start=T0, end=T0 + WIDTH, id="service:s81"), T0 + WIDTH)

    assert max(bucket["sampling"] for bucket in line["buckets"]) == max(SAMPLING.values())
    assert node["sampling"] == SAMPLING[ALL_FAIL]
    assert sum(value or 0 for _, value in node["series"]["unseen"]["points"]) > 0


@pytest.mark.parametrize("length", [60_000, 3_600_000])
def test_roll_ups_by_the_minute_and_by_the_hour_carry_both(fresh: Fresh, length: int) -> None:
    store = fresh()
    row = flow(End("10.0.0.1", 40_000, "id-web1", 1, "c"), End("10.0.0.2", 81, "id-web2", 2, "s"), opened=1)
    later = {**row, "window": T0 + WIDTH, "b_opened": 0}
    stored(store, row, later)
    requests(store, (row, {"GET ok": 1, "GET unseen": 3}, {}), sampling=4)
    requests(store, (later, {"GET error": 1, "GET unseen": 1}, {}), sampling=2)
    Rollup(store, now=lambda: T0 + 7_200_000).roll_up_all(T0, T0 + 3_600_000)
    store.query("TRUNCATE TABLE requests")

    (found,) = requests_by_edge(store, "service", T0, T0 + length).values()

    assert (found.requests, found.errors, found.unseen, found.sampling) == (4 * 4 + 2 * 2, 2, 4 * 3 + 2, 4)
    assert found.as_fields()["error_share"] == pytest.approx(2 / 6)


def test_rows_rolled_up_before_there_was_the_column_have_no_unseen_requests(fresh: Fresh) -> None:
    store = fresh()
    row = flow(End("10.0.0.1", 40_000, "id-web1", 1, "c"), End("10.0.0.2", 81, "id-web2", 2, "s"), opened=1)
    stored(store, row)
    requests(store, (row, {"GET ok": 1, "GET unseen": 3}, {}))
    Rollup(store, now=lambda: T0 + 7_200_000).roll_up_all(T0, T0 + 3_600_000)
    store.query("TRUNCATE TABLE requests")
    for table in ("requests_1m", "requests_1h"):
        store.query(f"ALTER TABLE {table} DROP COLUMN unseen")
        store.query(f"ALTER TABLE {table} ADD COLUMN unseen UInt64 AFTER errors")

    (found,) = requests_by_edge(store, "service", T0, T0 + 3_600_000).values()

    assert (found.requests, found.unseen) == (4, 0)

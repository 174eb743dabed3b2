"""Node graphs follow the rules of Grafana's panel, which draws nothing if one is broken."""

from functools import cached_property
from typing import Any

import pytest

from graph.node_graph_edges import graph_edges
from graph.node_graph_nodes import graph_nodes
from sinks.store import Store
from tests.graph.flows import T0, WIDTH, End, asked, flow, hosts, stored
from tests.rollups.conftest import Fresh

LEVELS = ("process", "service", "container", "host", "address")
SHOP = End("10.0.0.1", 40_001, "id-web1", 200, "shop", "c0ffee")
NGINX = End("10.0.0.1", 443, "id-web1", 100, "nginx")
POSTGRES = End("10.0.0.2", 5432, "id-db1", 300, "postgres")
Rows = dict[str, dict[str, Any]]


class Graph:
    """Both results by id, asked when they are looked at, and the types of their columns."""

    def __init__(self, store: Store, **wanted: Any) -> None:
        given = {"level": "service", "service": "", "host": "", "focus": "", "hops": "1", "from": T0, "to": T0 + WIDTH}
        self._store = store
        self._values = given | wanted
        self.types: dict[str, str] = {}

    @cached_property
    def nodes(self) -> Rows:
        return self._rows(graph_nodes())

    @cached_property
    def edges(self) -> Rows:
        return self._rows(graph_edges())

    def _rows(self, text: str) -> Rows:
        rows, columns = asked(self._store, text, self._values)
        self.types |= columns
        names = [column for column, _ in columns]
        made = [dict(zip(names, row, strict=True)) for row in rows]
        found = {row["id"]: row for row in made}
        assert len(found) == len(made), "ids are unique"
        assert list(found) == sorted(found), "the order is stable"
        return found


@pytest.fixture(scope="session")
def shop(fresh: Fresh) -> Store:
    """A small shop."""
    store = fresh()
    hosts(store, web1="10.0.0.1", db1="10.0.0.2")
    stored(
        store,
        *(flow(End(f"203.0.113.{n}", 50_000 + n), NGINX, opened=1, sent_bytes=100) for n in range(9)),
        flow(End("192.168.7.9", 50_009), NGINX, opened=1),
        flow(End("10.0.0.1", 50_010, "id-web1", 100, "nginx"), SHOP._replace(port=8000), opened=1, sent_bytes=50_000),
        flow(SHOP, POSTGRES, opened=3, sent_bytes=1_000, received_bytes=9_000, rtt_us=1_500),
        flow(SHOP._replace(port=40_002), POSTGRES, failed=1, opened=1),
        flow(SHOP._replace(port=40_003), SHOP._replace(port=9000), opened=1, sent_bytes=700),
        flow(SHOP._replace(port=40_004), End("10.0.0.2", 22), opened=1),
    )
    return store


@pytest.mark.parametrize("level", LEVELS)
def test_the_panel_can_draw_the_graph(shop: Store, level: str) -> None:
    graph = Graph(shop, level=level)

    assert graph.edges
    for edge in graph.edges.values():
        assert {edge["source"], edge["target"]} <= set(graph.nodes)
        assert edge["source"] != edge["target"]
    for node in graph.nodes.values():
        assert node["title"]
        assert node["arc__ok"] + node["arc__failed"] == pytest.approx(1)
    for name, kind in graph.types.items():
        number = name.startswith("arc__") or name in {"thickness", "failed_share", "retransmit_share"}
        assert kind == ("Float64" if number else "String"), name
    assert set(graph.types) >= {"id", "title", "subtitle", "mainstat", "secondarystat", "arc__ok", "arc__failed"}
    assert set(graph.types) >= {"source", "target", "thickness", "color"}


def test_stats_are_sentences_and_failures_are_arcs(shop: Store) -> None:
    graph = Graph(shop)

    edge, postgres = graph.edges["service:shop > service:postgres"], graph.nodes["service:postgres"]
    assert (edge["mainstat"], edge["secondarystat"], edge["detail__rtt"]) == ("0.8 conn/s", "2 kB/s", "1.5 ms")
    assert (edge["detail__ports"], edge["color"]) == ("tcp 5432", "#e02f44")
    assert postgres["arc__failed"] == pytest.approx(0.25)
    assert (postgres["mainstat"], postgres["secondarystat"]) == ("0.8 conn/s", "2 kB/s")
    assert (postgres["subtitle"], postgres["detail__rtt"]) == ("db1", "1.5 ms")


def test_a_loop_is_a_detail_of_its_node(shop: Store) -> None:
    node = Graph(shop).nodes["service:shop"]

    assert node["detail__to_itself"] == "0.2 conn/s, 140 B/s"


def test_addresses_of_hosts_are_hosts_and_other_addresses_are_networks(shop: Store) -> None:
    nodes = Graph(shop).nodes

    assert set(nodes) == {
        "host:id-db1", "network:192.168.7.0/24", "network:internet",
        "service:nginx", "service:postgres", "service:shop",
    }  # fmt: skip
    assert nodes["network:internet"]["detail__folded"] == (
        "9: 203.0.113.0, 203.0.113.1, 203.0.113.2, 203.0.113.3, 203.0.113.4, …"
    )
    assert nodes["network:192.168.7.0/24"]["detail__folded"] == "1: 192.168.7.9"
    assert nodes["host:id-db1"]["title"] == "db1"


def test_a_graph_can_be_narrowed_to_a_service_a_host_or_the_neighbours_of_a_node(shop: Store) -> None:
    assert set(Graph(shop, service="postgres").nodes) == {"service:shop", "service:postgres"}
    assert set(Graph(shop, host="db1").edges) == {"service:shop > service:postgres", "service:shop > host:id-db1"}
    assert set(Graph(shop, host="id-db1").nodes) == {"service:shop", "service:postgres", "host:id-db1"}
    near = Graph(shop, focus="service:postgres", hops="1").nodes
    wider = Graph(shop, focus="service:postgres", hops=2).nodes
    assert set(near) == {"service:postgres", "service:shop"}
    assert set(wider) == {*near, "service:nginx", "host:id-db1"}
    assert Graph(shop, focus="service:nowhere").nodes == {}


def test_each_level_shows_its_kind_of_node(shop: Store) -> None:
    assert Graph(shop, level="process").nodes["process:id-web1:0b007b00:200:7"]["title"] == "p200[200]"
    assert Graph(shop, level="container").nodes["container:id-web1:c0ffee"]["title"] == "shop[c0ffee]"
    assert Graph(shop, level="host").nodes["host:id-web1"]["title"] == "web1"
    addresses = Graph(shop, level="address").nodes
    assert addresses["address:10.0.0.2"]["title"] == "10.0.0.2"
    assert "address:203.0.113.3" in addresses


def crowd(store: Store, count: int, services: int, machines: int) -> Store:
    """Many processes that ask one."""
    stored(
        store,
        *(
            flow(
                End(f"10.9.{n // 250}.{n % 250}", 40_000, f"h{n % machines}", 1000 + n, f"s{n % services}"),
                POSTGRES, opened=1, sent_bytes=n,
            )
            for n in range(count)
        ),
    )  # fmt: skip
    return store


def test_more_than_200_nodes_are_shown_by_service(fresh: Fresh) -> None:
    graph = Graph(crowd(fresh(), 400, services=30, machines=90), level="process")

    assert len(graph.nodes) == 31
    assert graph.nodes["service:s3"]["detail__folded"].startswith("14: p1003[1003], p1033[1033], ")


def test_more_than_200_services_are_shown_by_host(fresh: Fresh) -> None:
    graph = Graph(crowd(fresh(), 400, services=300, machines=90), level="process")

    assert len(graph.nodes) == 91
    assert graph.nodes["host:h7"]["detail__folded"].startswith("5: p1007[1007], ")


def test_beyond_200_hosts_the_busiest_are_shown_and_the_others_are_one(fresh: Fresh) -> None:
    graph = Graph(crowd(fresh(), 400, services=400, machines=400), level="service")

    assert len(graph.nodes) == 200
    assert {"host:h399", "host:id-db1", "other:rest"} <= set(graph.nodes)
    assert graph.nodes["other:rest"]["detail__folded"].startswith("202: service:s0, service:s1, ")


def test_an_empty_range_is_an_empty_graph(shop: Store) -> None:
    graph = Graph(shop, **{"from": T0 - WIDTH, "to": T0})

    assert (graph.nodes, graph.edges) == ({}, {})

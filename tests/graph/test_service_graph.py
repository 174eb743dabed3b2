"""Edges as counters: they only grow, are bounded, and count what finds no room."""

from hypothesis import given
from hypothesis import strategies as st

from graph.model import Edge, Node, ServiceMap
from graph.requests import Key, Requests
from graph.service_graph import BOUNDS, KEPT_MS, Series, ServiceGraph, cumulated
from schemas.latency import bucket
from schemas.times import MINUTE_MS

NODES = {
    "service:web": {"kind": "service", "title": "web"},
    "service:shop": {"kind": "service", "title": "shop"},
    "service:postgres": {"kind": "service", "title": "postgres", "name": "postgres"},
    "service:bus": {"kind": "service", "title": "bus"},
    "address:203.0.113.9": {"kind": "address", "title": "203.0.113.9"},
    "address:198.51.100.7": {"kind": "address", "title": "api.example.com"},
}


def edge(client: str, server: str, port: int = 80, opened: int = 0, failed: int = 0, protocol: str = "") -> Edge:
    return Edge(
        client=client, server=server, transport="tcp", server_port=port, protocol=protocol, tls_name="", alias="",
        rule="", first="", last="", seen_by_client=True, seen_by_server=True, recorded_s=60, connections_opened=opened,
        connections_closed=0, connections_active=0, connections_failed=failed, counters={},
    )  # fmt: skip


def of(*edges: Edge) -> ServiceMap:
    nodes = [Node(id=name, **known) for name, known in NODES.items()]  # type: ignore[arg-type]
    return ServiceMap(start="", end="", level="service", nodes=nodes, edges=list(edges))


def asked(requests: int, errors: int = 0, ms: float = 3) -> Requests:
    return Requests(requests, errors, 0, 0, {bucket(1_000 * ms): requests}, 1)


def test_requests_count_where_they_are_seen_and_connections_where_not() -> None:
    graph = ServiceGraph(10)
    seen, other = edge("service:web", "service:shop", opened=5), edge("service:shop", "service:bus", 9, 3, 1)
    graph.add(of(seen, other), {Key("service:web", "service:shop", "tcp", 80): asked(40, 2)}, 0)

    web, bus = graph.series[Series("web", "shop", "")], graph.series[Series("shop", "bus", "")]
    assert (web.requests, web.failed, sum(web.answers)) == (40, 2, 40)
    assert abs(web.seconds - 0.12) < 0.002
    assert list(cumulated(web.answers))[BOUNDS.index(0.002)] == 0
    assert list(cumulated(web.answers))[BOUNDS.index(0.004)] == 40
    assert (bus.requests, bus.failed, sum(bus.answers)) == (3, 1, 0)


def test_types_are_named_as_tempo_names_them() -> None:
    graph = ServiceGraph(10)
    graph.add(
        of(
            edge("service:shop", "service:postgres", 5432, 1),
            edge("service:shop", "service:bus", 9092, 1, protocol="kafka"),
            edge("address:203.0.113.9", "service:web", 443, 1),
            edge("service:shop", "address:198.51.100.7", 443, 1),
            edge("service:shop", "service:shop", 80, 1),
        ),
        {},
        0,
    )
    assert set(graph.series) == {
        ("shop", "postgres", "database"),
        ("shop", "bus", "messaging_system"),
        ("user", "web", "virtual_node"),
        ("shop", "api.example.com", "virtual_node"),
    }


def test_of_what_is_new_the_busiest_find_room_and_the_rest_is_counted() -> None:
    graph = ServiceGraph(1)
    found = of(edge("service:web", "service:shop", opened=5), edge("service:shop", "service:postgres", 1, 9))
    graph.add(found, {}, 0)
    graph.add(found, {}, MINUTE_MS)
    assert set(graph.series) == {("shop", "postgres", "database")}
    assert (graph.without_room, graph.left_out) == (1, {"edges": 2, "requests": 10})


def test_a_series_without_an_edge_for_an_hour_makes_room() -> None:
    graph = ServiceGraph(1)
    graph.add(of(edge("service:web", "service:shop", opened=5)), {}, 0)
    graph.add(of(edge("service:shop", "service:bus", opened=5)), {}, KEPT_MS + MINUTE_MS)
    assert set(graph.series) == {("shop", "bus", "")}


EDGES = st.builds(
    edge,
    st.sampled_from(sorted(NODES)),
    st.sampled_from(sorted(NODES)),
    st.integers(1, 3),
    st.integers(0, 50),
    st.integers(0, 5),
)
MINUTES = st.lists(st.lists(EDGES, max_size=6), max_size=8)


@given(MINUTES, st.integers(1, 4))
def test_counters_only_grow_and_nothing_is_lost_between_series_and_what_is_left_out(
    minutes: list[list[Edge]], most: int
) -> None:
    graph = ServiceGraph(most)
    before: dict[Series, int] = {}
    for nth, edges in enumerate(minutes):
        graph.add(of(*edges), {}, nth * MINUTE_MS)
        now = {series: counts.requests for series, counts in graph.series.items()}
        assert len(now) <= most
        assert all(now[series] >= count for series, count in before.items())
        before = now
    opened = sum(one.connections_opened for edges in minutes for one in edges if one.client != one.server)
    assert sum(before.values()) + graph.left_out["requests"] == opened

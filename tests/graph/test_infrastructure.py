"""Infrastructure is what nearly everything talks to: it is known by its programs, its ports and its protocols."""

import pytest

from graph.infrastructure import KINDS, infrastructure, kind_by_name
from graph.model import Edge, Node, ServiceMap
from tests.graph.test_questions import edge, node

RESOLVER = Node(id="address:9.9.9.9", kind="address", title="9.9.9.9", address="9.9.9.9")


def a_map(*edges: Edge, nodes: tuple[Node, ...] = ()) -> ServiceMap:
    return ServiceMap(start="", end="", level="service", nodes=[*map(node, ("shop", "db")), *nodes], edges=list(edges))


def asks(server: Node, port: int, transport: str = "tcp", protocol: str = "") -> Edge:
    found = edge("shop", "db", port)
    found.server, found.transport, found.protocol = server.id, transport, protocol
    return found


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("coredns", "dns"),
        ("systemd-resolve", "dns"),  # as the kernel cuts it
        ("fluent-bit", "logs"),
        ("Logstash", "logs"),
        ("monitoring/prometheus", "monitoring"),
        ("prometheus-node-exporter", "monitoring"),
        ("postgres_exporter-2", "monitoring"),
        ("netdata@main", "monitoring"),
        ("servicemap", "servicemap"),
        ("sinks.embedded", "servicemap"),
        ("shop", ""),
        ("vectors", ""),
        ("named-entities", ""),
    ],
)
def test_a_node_is_infrastructure_by_what_it_runs(name: str, kind: str) -> None:
    assert kind_by_name(node(name)) == kind


def test_an_edge_is_infrastructure_by_its_port_its_protocol_or_an_end() -> None:
    grafana = node("grafana")
    edges = [
        asks(RESOLVER, 53, "udp"),
        asks(node("db"), 5353, protocol="dns"),
        asks(grafana, 3000),
        asks(node("db"), 5432),
        asks(node("db"), 53, protocol="http"),
    ]
    found = infrastructure(a_map(*edges, nodes=(RESOLVER, grafana)))
    assert [(key.server, key.server_port, kind) for key, kind in found.edges.items()] == [
        ("address:9.9.9.9", 53, "dns"),
        ("service:db", 5353, "dns"),
        ("service:grafana", 3000, "monitoring"),
    ]
    assert found.nodes == {"address:9.9.9.9": "dns", "service:grafana": "monitoring"}


def test_an_address_that_serves_more_than_infrastructure_is_none() -> None:
    assert not infrastructure(a_map(asks(RESOLVER, 53, "udp"), asks(RESOLVER, 443), nodes=(RESOLVER,))).nodes


def test_no_program_is_of_two_kinds() -> None:
    programs = [name for kind in KINDS for name in kind.programs]
    assert len(programs) == len(set(programs))

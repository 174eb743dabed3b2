"""Risks, each on a small map that has it and on one that does not."""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import structs

from graph.counters import NAMES as COUNTERS
from graph.listeners import ListenerRow
from graph.model import Edge, Node, ServiceMap
from graph.overlays import at_time
from graph.risks.all import RISKS, findings
from graph.risks.risk import Finding, Seen
from schemas.overlays import Annotation
from tests.graph.test_questions import edge as service_edge

STRANGER = "address:93.184.216.34"


def process(service: str, host: str = "h1", pid: int = 1, **more: Any) -> Node:
    known: dict[str, Any] = {"title": service, "service": service, "name": service, "host": host, "hostname": host}
    return Node(id=f"process:{host}:b:{pid}:{service}", kind="process", **(known | more))


def address(text: str) -> Node:
    return Node(id=f"address:{text}", kind="address", title=text, address=text)


def edge(client: Node, server: Node, port: int = 80, counters: Mapping[str, int] | None = None, **more: Any) -> Edge:
    counts = dict.fromkeys(COUNTERS, 0) | dict(counters or {})
    made = structs.replace(service_edge("", "", port), client=client.id, server=server.id, counters=counts)
    return structs.replace(made, **more)


def a_map(*edges: Edge, nodes: Iterable[Node]) -> ServiceMap:
    return ServiceMap(start="", end="", level="process", nodes=list(nodes), edges=list(edges))


WEB, SHOP, DB = process("web", "h1"), process("shop", "h2"), process("postgres", "h3", name="postgres")
ABROAD = address("93.184.216.34")


def found(risk: str, seen: Seen) -> list[Finding]:
    return findings(seen, [risk])


def subjects(risk: str, seen: Seen) -> list[str]:
    return [one.subject for one in found(risk, seen)]


def test_a_port_that_nobody_used_is_found_and_one_that_was_used_is_not() -> None:
    of = a_map(edge(WEB, SHOP, 8080), nodes=[WEB, SHOP])
    rows = [ListenerRow("h2", "tcp", port, "shop", "shop", ["0.0.0.0"]) for port in (8080, 9090)]
    (one,) = found("unused-listener", Seen(of, rows))
    assert (one.subject, "tcp/9090 of h2" in one.sentence) == ("service:shop", True)


def test_a_port_of_a_socket_that_asks_is_no_listener() -> None:
    rows = [ListenerRow("h2", "udp", port, "shop", "shop", ["0.0.0.0"]) for port in (514, 45_000)]
    (one,) = found("unused-listener", Seen(a_map(nodes=[SHOP]), rows))
    assert one.sentence == "listens on udp/514 of h2, and nobody connects"


def test_a_port_of_loopback_is_open_to_nobody() -> None:
    row = ListenerRow("h2", "tcp", 8080, "shop", "shop", ["127.0.0.1", "::1"])
    assert found("unused-listener", Seen(a_map(nodes=[SHOP]), [row])) == []


def test_a_port_where_every_connection_failed_is_unused() -> None:
    failed: dict[str, Any] = {"connections_opened": 2, "connections_failed": 2, "connections_closed": 0}
    of = a_map(edge(WEB, SHOP, 8080, **failed), nodes=[WEB, SHOP])
    rows = [ListenerRow("h2", "tcp", 8080, "shop", "shop", ["0.0.0.0"])]
    assert subjects("unused-listener", Seen(of, rows)) == ["service:shop"]


def test_an_address_of_ones_own_networks_has_no_agent() -> None:
    near = address("10.1.2.3")
    of = a_map(edge(near, WEB), edge(ABROAD, WEB), nodes=[near, ABROAD, WEB])
    (one,) = found("no-agent", Seen(of))
    assert (one.subject, one.sentence) == (near.id, "connects to web, and no agent reports from there")


def test_a_service_that_others_use_has_one_instance() -> None:
    second = process("shop", "h4")
    alone = a_map(edge(WEB, SHOP), nodes=[WEB, SHOP])
    assert subjects("one-of-it", Seen(alone)) == ["service:shop"]
    assert subjects("one-of-it", Seen(a_map(edge(WEB, SHOP), edge(WEB, second), nodes=[WEB, SHOP, second]))) == []


def test_all_instances_are_on_one_host_or_in_one_zone() -> None:
    beside = process("shop", "h2", 2, container="c2")
    (host,) = found("one-of-it", Seen(a_map(edge(WEB, SHOP), nodes=[WEB, SHOP, beside])))
    assert host.sentence == "has 2 instances, all on h2; web would notice"
    far = process("shop", "h4")
    zones = {"h1": "a", "h2": "b", "h4": "b"}
    (zone,) = found("one-of-it", Seen(a_map(edge(WEB, SHOP), nodes=[WEB, SHOP, far]), zones=zones))
    assert "all in the zone b" in zone.sentence


def test_a_store_has_no_peer() -> None:
    of = a_map(edge(SHOP, DB, 5432), nodes=[SHOP, DB])
    (one,) = found("store-alone", Seen(of))
    assert (one.label, one.sentence) == ("postgres", "PostgreSQL on h3 has no peer; shop would notice")


def test_a_store_is_asked_from_the_internet_or_could_be() -> None:
    asked = a_map(edge(ABROAD, DB, 5432), nodes=[ABROAD, DB])
    assert "is asked from the internet: 93.184.216.34" in found("store-exposed", Seen(asked))[0].sentence
    row = ListenerRow("h3", "tcp", 5432, "postgres", "postgres", ["0.0.0.0"])
    inside = a_map(edge(SHOP, DB, 5432), nodes=[SHOP, DB])
    assert subjects("store-exposed", Seen(inside, [row], reachable=["h3"])) == ["service:postgres"]
    assert subjects("store-exposed", Seen(inside, [row])) == []


def test_two_sides_count_another_number_of_bytes() -> None:
    more = {"client_sent_bytes": 1_000_000, "server_received_bytes": 700_000}
    of = a_map(edge(WEB, SHOP, counters=more), nodes=[WEB, SHOP])
    (one,) = found("sides-disagree", Seen(of))
    assert "h1 sent 1,000,000 bytes and h2 received 700,000" in one.sentence
    few = {"client_sent_bytes": 1_000_000, "server_received_bytes": 990_000}
    assert found("sides-disagree", Seen(a_map(edge(WEB, SHOP, counters=few), nodes=[WEB, SHOP]))) == []


def test_what_talks_across_zones_and_with_the_internet() -> None:
    of = a_map(edge(WEB, SHOP), edge(WEB, ABROAD), nodes=[WEB, SHOP, ABROAD])
    zones = {"h1": "a", "h2": "b"}
    assert [one.sentence for one in found("across-zones", Seen(of, zones=zones))] == [
        "web connects to it across zones, a → b: 0.0 MB"
    ]
    assert found("across-zones", Seen(of, zones={"h1": "a", "h2": "a"})) == []
    assert [one.subject for one in found("outside", Seen(of))] == ["service:web"]


def test_an_expected_edge_is_missing() -> None:
    def noted(target: str) -> Any:
        return at_time([Annotation(overlay="essential", target=target, value=True, valid_from=1, written=1)], 2)

    of = a_map(edge(WEB, SHOP), nodes=[WEB, SHOP, DB])
    assert found("expected-missing", Seen(of, noted=noted("service=web > service=shop"))) == []
    assert found("expected-missing", Seen(of, noted=noted("service:web > service:shop"))) == []
    (one,) = found("expected-missing", Seen(of, noted=noted("service=shop > service=postgres")))
    assert one.label == "service=shop > service=postgres"


def test_the_weightiest_risks_come_first_and_an_empty_map_has_none() -> None:
    of = a_map(edge(ABROAD, DB, 5432), nodes=[ABROAD, DB])
    names = [one.risk for one in findings(Seen(of))]
    assert names == sorted(names, key=list(RISKS).index)
    assert names[0] == "store-exposed"
    assert findings(Seen(a_map(nodes=[]))) == []

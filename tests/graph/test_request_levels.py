"""HTTP requests at every level: on the edge of their connection, and the same number at each level."""

import pytest

from graph.levels import LEVELS
from graph.model import Wanted
from graph.reading import read_map
from graph.requests import key, requests_by_edge
from schemas.latency import bucket
from sinks.store import Store
from tests.graph.flows import T0, WIDTH, End, flow, hosts, requests, stored
from tests.graph.test_graph import Graph
from tests.rollups.conftest import Fresh

WEB = End("10.0.0.1", 8080, "id-web1", 200, "web", "c0ffee", "shop", "web-0", "app")
VOTING = End("10.0.0.2", 8081, "id-web2", 300, "voting", "decaf", "vote")
STORE = End("10.0.0.3", 8082, "id-db1", 400, "store")
STRANGER = End("203.0.113.9", 50_001)
UNKNOWN = End("10.0.0.1", 40_009, "id-web1")  # no process is known for it


@pytest.fixture(scope="module")
def town(fresh: Fresh) -> Store:
    """Containers and a service in none, and clients that are a host and an address."""
    store = fresh()
    hosts(store, web1="10.0.0.1", web2="10.0.0.2", db1="10.0.0.3")
    asked = [
        flow(STRANGER, WEB),
        flow(WEB._replace(port=40_001), VOTING, opened=1),
        flow(VOTING._replace(port=40_002), STORE, opened=1),
        flow(UNKNOWN, STORE, opened=1),
    ]
    stored(store, *asked)
    counts = [100, 200, 300, 400]
    requests(store, *((row, {"GET 2xx": n}, {bucket(n): n}) for row, n in zip(asked, counts, strict=True)))
    return store


@pytest.mark.parametrize("level", LEVELS)
def test_requests_are_on_the_edges_of_the_map(town: Store, level: str) -> None:
    asked = requests_by_edge(town, level, T0, T0 + WIDTH)

    edges = {key(edge) for edge in read_map(town, Wanted(start=T0, end=T0 + WIDTH, level=level)).edges}
    assert asked.keys() == edges
    assert sum(each.requests for each in asked.values()) == 1000


@pytest.mark.parametrize("level", LEVELS)
def test_requests_are_as_many_as_on_grafanas_node_graph(town: Store, level: str) -> None:
    asked = requests_by_edge(town, level, T0, T0 + WIDTH)

    stranger, network = "address:203.0.113.9", "network:internet"  # there strangers are one node
    places = {} if level == "address" else {stranger: network}
    seconds = WIDTH / 1000
    shown = {
        f"{places.get(client, client)} > {server}": f"{each.requests / seconds:.0f} req/s"
        for (client, server, _, _), each in asked.items()
        if client != server  # a loop is drawn at its node
    }
    assert shown == {name: edge["detail__requests"] for name, edge in Graph(town, level=level).edges.items()}


def test_an_end_without_a_container_or_a_process_is_its_host(town: Store) -> None:
    asked = requests_by_edge(town, "container", T0, T0 + WIDTH)

    assert {(client, server): each.requests for (client, server, _, _), each in asked.items()} == {
        ("address:203.0.113.9", "container:id-web1:c0ffee"): 100,
        ("container:id-web1:c0ffee", "container:id-web2:decaf"): 200,
        ("container:id-web2:decaf", "host:id-db1"): 300,
        ("host:id-web1", "host:id-db1"): 400,
    }


@pytest.mark.parametrize(
    ("level", "web", "voting", "store", "unknown"),
    [
        ("pod", "pod:id-web1:shop:web-0", "container:id-web2:decaf", "host:id-db1", "host:id-web1"),
        ("namespace", "namespace:shop", "namespace:vote", "service:store", "host:id-web1"),
    ],
)
def test_an_end_without_a_pod_or_a_namespace_stays_on_the_map(
    town: Store, level: str, web: str, voting: str, store: str, unknown: str
) -> None:
    asked = requests_by_edge(town, level, T0, T0 + WIDTH)

    assert {(client, server): each.requests for (client, server, _, _), each in asked.items()} == {
        ("address:203.0.113.9", web): 100,
        (web, voting): 200,
        (voting, store): 300,
        (unknown, store): 400,
    }


def test_nodes_have_the_names_of_their_containers(town: Store) -> None:
    nodes = {
        node.id: node
        for level in ("container", "pod", "namespace")
        for node in read_map(town, Wanted(start=T0, end=T0 + WIDTH, level=level)).nodes
    }

    container, pod, namespace = (
        nodes[name] for name in ("container:id-web1:c0ffee", "pod:id-web1:shop:web-0", "namespace:shop")
    )
    assert (container.title, container.service, container.hostname) == ("app[c0ffee]", "web", "web1")
    assert (container.container_name, container.namespace, container.pod) == ("app", "shop", "web-0")
    assert (pod.title, pod.namespace, pod.pod, pod.hostname) == ("web-0", "shop", "web-0", "web1")
    assert (namespace.title, namespace.namespace, namespace.host, namespace.hosts) == ("shop", "shop", "", ["web1"])


def test_each_address_of_a_process_has_the_requests_that_came_to_it(fresh: Fresh) -> None:
    store = fresh()
    first, second = (flow(WEB._replace(port=40_001), VOTING._replace(address=f"10.0.{n}.2")) for n in (0, 1))
    stored(store, first, second)
    requests(store, (first, {"GET 2xx": 3, "GET 5xx": 1}, {bucket(9_000): 4}), (second, {"GET 2xx": 7}, {}))

    asked = requests_by_edge(store, "address", T0, T0 + WIDTH)

    assert {server: (each.requests, each.errors, each.latency) for (_, server, _, _), each in asked.items()} == {
        "address:10.0.0.2": (4, 1, {bucket(9_000): 4}),
        "address:10.0.1.2": (7, 0, {}),
    }


@pytest.fixture(scope="module")
def counted_twice(fresh: Fresh) -> Store:
    """Requests to ports that both hosts counted, with sampled connections."""
    store = fresh()
    for port, by_server, by_client in ((81, 1, 1), (82, 1, 4), (84, 4, 2), (88, 2, 2)):
        row = flow(WEB._replace(port=40_000 + port), VOTING._replace(port=port))
        stored(store, row)
        requests(store, (row, {"GET 2xx": 4}, {}), unanswered=1, sampling=by_server)
        requests(store, (row, {"GET 5xx": 9}, {}), by_client=True, sampling=by_client)
    return store


@pytest.mark.parametrize("level", LEVELS)
def test_the_same_one_of_two_counting_hosts_is_believed_at_every_level(counted_twice: Store, level: str) -> None:
    asked = requests_by_edge(counted_twice, level, T0, T0 + WIDTH)

    assert {port: each.requests for (_, _, _, port), each in asked.items()} == {81: 5, 82: 5, 84: 2 * 9, 88: 2 * 5}

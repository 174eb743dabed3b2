"""The connections of containers: namespaces of a host, each with a network of its own."""

from collections.abc import Iterator

import pytest

from tests.e2e.network_namespaces import bridge, container
from tests.e2e.running import Up, part, until
from tests.e2e.talk import QUESTION, asked, asking, served
from tests.e2e.test_two_hosts import pipeline
from tests.truth.hosts import Host, switched

pytestmark = [pytest.mark.root, pytest.mark.slow]
EDGES = """
SELECT client, server, client_address, server_address, sum(client_sent_bytes), sum(server_received_bytes)
FROM process_edges
WHERE client LIKE 'process:%' AND server LIKE 'process:%' AND server_port = {port} AND seen_by_client AND seen_by_server
GROUP BY ALL ORDER BY ALL
"""
FLOWS = "SELECT DISTINCT a_scope, b_scope FROM edges WHERE (a_port = {port} OR b_port = {port}) AND a_seen AND b_seen"
_BYTES = "SELECT sum(a_received_bytes), sum(b_sent_bytes) FROM edges WHERE a_port = {port}"  # the server is a
_REQUESTS = """
SELECT client, server, sum(requests), sum(errors) FROM process_requests
WHERE client LIKE 'process:%' AND server LIKE 'process:%' AND server_port = 8086 GROUP BY ALL
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Host, Up]]:
    """A host with an agent and three bridges, of which two have the same subnet."""
    data = tmp_path_factory.mktemp("containers")
    agent = ("collect", "--data", str(data), "--window", "1s", "--host-id", "one")
    with switched(["one"]) as (host,):
        bridge(host, "red0", "172.30.0.1/24")
        bridge(host, "blue0", "172.30.0.1/24")
        bridge(host, "green0", "172.31.0.1/24")
        with pipeline(data) as running, part(*agent, inside=[*host.inside(), "--"]):
            running.until("SELECT DISTINCT host FROM nodes")
            yield host, running


def test_containers_on_one_bridge_talk_process_to_process(lab: tuple[Host, Up]) -> None:
    host, running = lab
    with (
        container(host, "red0", "172.30.0.2/24") as a,
        container(host, "red0", "172.30.0.3/24") as b,
        served("0.0.0.0", 8080, inside=a),
        asking("172.30.0.2", 8080, pause=0.05, inside=b),
    ):
        ((client, server, *addresses, _, _),) = running.until(EDGES.format(port=8080), lambda rows: len(rows) == 1)

    assert client != server
    assert client.startswith("process:one:")
    assert server.startswith("process:one:")
    assert addresses == ["172.30.0.3", "172.30.0.2"]


def test_equal_addresses_and_ports_on_two_bridges_are_two_edges(lab: tuple[Host, Up]) -> None:
    host, running = lab
    with (
        container(host, "red0", "172.30.0.12/24") as red,
        container(host, "red0", "172.30.0.13/24") as red_client,
        container(host, "blue0", "172.30.0.12/24") as blue,
        container(host, "blue0", "172.30.0.13/24") as blue_client,
        served("0.0.0.0", 8081, inside=red),
        served("0.0.0.0", 8081, inside=blue),
        asking("172.30.0.12", 8081, pause=0.05, inside=red_client),
        asking("172.30.0.12", 8081, pause=0.05, inside=blue_client),
    ):
        edges = running.until(EDGES.format(port=8081), lambda rows: len(rows) == 2)
        scopes = running.until(FLOWS.format(port=8081), lambda rows: len(rows) == 2)

    assert len({node for client, server, *_ in edges for node in (client, server)}) == 4
    assert sorted(scopes) == [("one/blue0", "one/blue0"), ("one/red0", "one/red0")]


def test_the_host_itself_talks_to_a_container(lab: tuple[Host, Up]) -> None:
    host, running = lab
    with (
        container(host, "green0", "172.31.0.22/24") as a,
        served("0.0.0.0", 8082, inside=a),
        asking("172.31.0.22", 8082, pause=0.05, inside=[*host.inside(), "--"]),
    ):
        ((client, server, *_),) = running.until(EDGES.format(port=8082), lambda rows: len(rows) == 1)

    assert client.startswith("process:one:")
    assert server.startswith("process:one:")


def test_loopback_of_two_containers_is_two_edges(lab: tuple[Host, Up]) -> None:
    host, running = lab
    with (
        container(host, "red0", "172.30.0.32/24") as a,
        container(host, "red0", "172.30.0.33/24") as b,
        served("127.0.0.1", 8083, inside=a),
        served("127.0.0.1", 8083, inside=b),
        asking("127.0.0.1", 8083, pause=0.05, inside=a),
        asking("127.0.0.1", 8083, pause=0.05, inside=b),
    ):
        edges = running.until(EDGES.format(port=8083), lambda rows: len(rows) == 2)

    assert len({node for client, server, *_ in edges for node in (client, server)}) == 4


def test_a_container_that_lives_for_a_few_windows_is_counted_to_the_byte(lab: tuple[Host, Up]) -> None:
    host, running = lab
    with container(host, "red0", "172.30.0.42/24") as a, served("0.0.0.0", 8084, inside=a):
        running.until("SELECT DISTINCT host FROM places WHERE port = 8084")
        with container(host, "red0", "172.30.0.43/24") as b:
            counted = asked("172.30.0.42", 8084, times=30, pause=0.1, inside=b)
        closed = "SELECT sum(a_closed), sum(b_closed) FROM edges WHERE a_port = 8084"
        running.until(closed, lambda rows: rows == [(1, 1)])
        ((by_server, by_client),) = running.sql(_BYTES.format(port=8084))
        opened = running.sql(closed.replace("closed", "opened"))

    assert by_server == by_client == counted["sent"] == len(QUESTION) * 30
    assert opened == [(1, 1)]


def test_requests_between_containers_are_counted_at_both_ends(lab: tuple[Host, Up]) -> None:
    host, running = lab
    with container(host, "red0", "172.30.0.62/24") as a, served("0.0.0.0", 8086, inside=a):
        running.until("SELECT DISTINCT host FROM places WHERE port = 8086")
        with container(host, "red0", "172.30.0.63/24") as b, asking("172.30.0.62", 8086, pause=0.05, inside=b):
            running.until(_REQUESTS, lambda rows: len(rows) == 1 and rows[0][2] > 10)
            both = "SELECT DISTINCT end FROM requests WHERE a_port = 8086 ORDER BY end"
            running.until(both, lambda rows: rows == [(0,), (1,)])
            ((client, server, _, errors),) = running.sql(_REQUESTS)

    assert client != server
    assert {node.split(":")[1] for node in (client, server)} == {"one"}
    assert errors == 0


def test_a_namespace_is_given_back_when_its_container_ends(lab: tuple[Host, Up]) -> None:
    host, running = lab
    with container(host, "red0", "172.30.0.52/24") as a, served("0.0.0.0", 8085, inside=a):
        listed = "SELECT DISTINCT host FROM places WHERE port = 8085"
        running.until(listed)
        ports = _ports(host)
    until(lambda: _ports(host), lambda now: len(now) < len(ports), 60, "the cable of the container to vanish")


def _ports(host: Host) -> list[str]:
    return host.run(["ip", "-o", "link", "show", "master", "red0"]).stdout.splitlines()

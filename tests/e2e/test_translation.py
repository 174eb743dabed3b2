"""Connections whose addresses NAT changes are one edge, from the process that asks to the one that answers."""

from collections.abc import Iterator

import pytest

from tests.e2e.network_namespaces import bridge, container
from tests.e2e.running import Up, part
from tests.e2e.talk import asked, asking, served
from tests.e2e.test_two_hosts import pipeline
from tests.programs import installed
from tests.truth.hosts import Host, switched

pytestmark = [pytest.mark.root, pytest.mark.slow]
EDGES = """
SELECT client, server, client_address, server_address, sum(client_sent_bytes) > 0, sum(server_received_bytes) > 0,
       countIf(NOT (seen_by_client AND seen_by_server)) FROM process_edges
WHERE client LIKE 'process:%' AND server LIKE 'process:%' AND server_port = {port} GROUP BY ALL
"""
ALIASES = "SELECT DISTINCT alias FROM process_edges WHERE server_port = {port} AND alias != ''"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Host, Host, Up]]:
    """Two hosts with an agent each. Both have a bridge for containers, and translate addresses as Docker does."""
    data = tmp_path_factory.mktemp("translation")
    agent = ("collect", "--data", str(data), "--window", "1s", "--host-id")
    with switched(["one", "two"]) as (one, two):
        for host, subnet in ((one, "172.30.1"), (two, "172.30.2")):
            bridge(host, "docker0", f"{subnet}.1/24")
            host.run(["sysctl", "-qw", "net.ipv4.ip_forward=1"])
        with (
            pipeline(data) as running,
            part(*agent, "one", inside=[*one.inside(), "--"]),
            part(*agent, "two", inside=[*two.inside(), "--"]),
        ):
            running.until("SELECT DISTINCT host FROM nodes", lambda rows: len(rows) == 2)
            yield one, two, running


def translate(host: Host, chain: str, rule: str) -> None:
    """Add a rule to the table of NAT."""
    hooks = {"prerouting": -100, "output": -100, "postrouting": 100}
    script = "add table ip nat\n"
    script += "".join(
        f"add chain ip nat {name} {{ type nat hook {name} priority {number}; }}\n" for name, number in hooks.items()
    )
    host.run([installed("nft", "nftables"), f"{script}add rule ip nat {chain} {rule}"])


def test_a_port_that_is_mapped_into_a_container_leads_to_the_process_inside(lab: tuple[Host, Host, Up]) -> None:
    one, two, running = lab
    translate(two, "prerouting", f"ip daddr {two.address} tcp dport 8080 dnat to 172.30.2.2:80")
    with (
        container(two, "docker0", "172.30.2.2/24", gateway="172.30.2.1") as a,
        served("0.0.0.0", 80, inside=a),
        asking(two.address, 8080, pause=0.05, inside=[*one.inside(), "--"]),
    ):
        rows = running.until(EDGES.format(port=8080), lambda rows: len(rows) == 1 and rows[0][4:6] == (True, True))

    ((client, server, *_),) = rows
    assert client.startswith("process:one:")
    assert server.startswith("process:two:")
    assert aliases(running, 8080) == {"two/docker0@172.30.2.2:80"}


def test_a_virtual_address_leads_to_the_process_on_the_other_host(lab: tuple[Host, Host, Up]) -> None:
    one, two, running = lab
    translate(one, "output", f"ip daddr 10.96.0.10 tcp dport 80 dnat to {two.address}:8090")
    one.run(["ip", "route", "add", "10.96.0.0/16", "via", two.address])
    with (
        served("0.0.0.0", 8090, inside=[*two.inside(), "--"]),
        asking("10.96.0.10", 80, pause=0.05, inside=[*one.inside(), "--"]),
    ):
        rows = running.until(EDGES.format(port=8090), lambda rows: len(rows) == 1 and rows[0][4:6] == (True, True))

    ((client, server, _, server_address, *_),) = rows
    assert client.startswith("process:one:")
    assert server.startswith("process:two:")
    assert server_address == two.address
    assert aliases(running, 8090) == {"10.96.0.10:80"}
    assert running.sql("SELECT count() FROM process_edges WHERE server = 'address:10.96.0.10'") == [(0,)]


def test_containers_of_one_host_talk_over_a_virtual_address(lab: tuple[Host, Host, Up]) -> None:
    one, _, running = lab
    translate(one, "prerouting", "ip daddr 10.97.0.10 tcp dport 80 dnat to 172.30.1.12:8091")
    with (
        container(one, "docker0", "172.30.1.12/24", gateway="172.30.1.1") as a,
        container(one, "docker0", "172.30.1.13/24", gateway="172.30.1.1") as b,
        served("0.0.0.0", 8091, inside=a),
        asking("10.97.0.10", 80, pause=0.05, inside=b),
    ):
        rows = running.until(EDGES.format(port=8091), lambda rows: len(rows) == 1 and rows[0][4:6] == (True, True))

    ((client, server, client_address, server_address, *_),) = rows
    assert client != server
    assert (client_address, server_address) == ("172.30.1.13", "172.30.1.12")
    assert aliases(running, 8091) == {"10.97.0.10:80"}


def test_a_connection_whose_first_packet_was_dropped_is_led_to_its_server_once_it_is_answered(
    lab: tuple[Host, Host, Up],
) -> None:
    one, _, running = lab
    nft = installed("nft", "nftables")
    translate(one, "prerouting", "ip daddr 10.97.0.11 tcp dport 80 dnat to 172.30.1.14:8094")
    one.run([
        nft,
        "add table ip early\nadd chain ip early pre { type filter hook prerouting priority -300; }\n"
        "add rule ip early pre ip daddr 10.97.0.11 drop",
    ])  # fmt: skip
    with (
        container(one, "docker0", "172.30.1.14/24", gateway="172.30.1.1") as a,
        container(one, "docker0", "172.30.1.15/24", gateway="172.30.1.1") as b,
        served("0.0.0.0", 8094, inside=a),
        asking("10.97.0.11", 80, pause=0.05, inside=b),
    ):
        running.until("SELECT 1 FROM edges WHERE '10.97.0.11' IN (a_address, b_address) LIMIT 1")
        one.run([nft, "delete table ip early"])
        rows = running.until(EDGES.format(port=8094), lambda rows: len(rows) == 1 and rows[0][4:6] == (True, True))

    ((client, server, *_),) = rows
    assert client != server
    assert aliases(running, 8094) == {"10.97.0.11:80"}


def test_a_container_that_is_masqueraded_is_the_client_of_the_other_host(lab: tuple[Host, Host, Up]) -> None:
    one, two, running = lab
    translate(one, "postrouting", "ip saddr 172.30.1.0/24 ip daddr != 172.30.1.0/24 masquerade")
    with (
        container(one, "docker0", "172.30.1.22/24", gateway="172.30.1.1") as a,
        served("0.0.0.0", 8092, inside=[*two.inside(), "--"]),
        asking(two.address, 8092, pause=0.05, inside=a),
    ):
        rows = running.until(EDGES.format(port=8092), lambda rows: len(rows) == 1 and rows[0][4:6] == (True, True))

    ((client, server, client_address, *_),) = rows
    assert client.startswith("process:one:")
    assert server.startswith("process:two:")
    assert client_address == one.address


def test_requests_over_a_mapped_port_are_of_that_edge_and_count_once(lab: tuple[Host, Host, Up]) -> None:
    one, two, running = lab
    translate(two, "prerouting", f"ip daddr {two.address} tcp dport 8093 dnat to 172.30.2.32:80")
    counted = """
        SELECT client, server, sum(requests) FROM process_requests
        WHERE client LIKE 'process:%' AND server LIKE 'process:%' AND server_port = 8093 GROUP BY ALL
    """
    with (
        container(two, "docker0", "172.30.2.32/24", gateway="172.30.2.1") as a,
        served("0.0.0.0", 80, inside=a),
    ):
        running.until("SELECT 1 FROM places WHERE address = '172.30.2.32' AND port = 80 LIMIT 1")
        asked(two.address, 8093, times=40, pause=0.1, inside=[*one.inside(), "--"])
        ((client, server, requests),) = running.until(counted, lambda rows: len(rows) == 1 and rows[0][2] >= 40)

    assert client.startswith("process:one:")
    assert server.startswith("process:two:")
    assert requests == 40


def aliases(running: Up, port: int) -> set[str]:
    """Return the other addresses of a server, where they are translated."""
    return {name for (name,) in running.sql(ALIASES.format(port=port))}

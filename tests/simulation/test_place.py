"""A fleet is an architecture on hosts: who stands where, at addresses of its own, and whom it may talk to."""

from collections import Counter
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from schemas.ids import HOST_ID
from simulation.addresses import ContainerAddresses, Ports
from simulation.architecture import Architecture, Call, Container, Program, Service, Within
from simulation.hostnames import Hostnames
from simulation.load import examples, load
from simulation.mistakes import Mistake
from simulation.place import place
from simulation.routes import routes

PROGRAM = Program(name="cart", port=8080)


def service(name: str, count: int = 1, *calls: Call, **fields: object) -> Service:
    return replace(Service(name=name, program=PROGRAM, count=count, calls=calls), **fields)


def town(*services: Service, **fields: object) -> Architecture:
    return replace(Architecture(name="town", services=services), **fields)


def called(architecture: Architecture, client: int, call: Call) -> list[str]:
    fleet = place(architecture)
    return [server.name for server in routes(fleet, fleet.instances[client], call)]


@pytest.mark.parametrize("name", sorted(set(examples()) - {"thousand"}))
def test_every_host_and_endpoint_is_there_once_and_addresses_are_private(name: str) -> None:
    fleet = place(load(name, percent=300, regions=2), seed=1)
    assert len({host.name for host in fleet.hosts}) == len(fleet.hosts)
    assert all(HOST_ID.fullmatch(host.name) for host in fleet.hosts)
    assert [host.number for host in fleet.hosts] == list(range(len(fleet.hosts)))
    addresses = {host.address for host in fleet.hosts} | {one.address for one in fleet.instances}
    assert all(ip_address(address).is_private for address in addresses)
    served = [(one.address, port) for one in fleet.instances for port in {one.port, one.peer_port} - {0}]
    assert len(set(served)) == len(served)
    assert len({one.full_name for one in fleet.instances}) == len(fleet.instances)


def test_a_fleet_is_the_same_for_the_same_seed_alone() -> None:
    odd = replace(load("shop"), agents_missing=0.5, clock_ms=900)
    assert place(odd, 1) == place(odd, 1)
    assert place(odd, 1).hosts != place(odd, 2).hosts


def test_a_share_of_the_hosts_has_no_agent_and_clocks_are_off_by_so_much() -> None:
    fleet = place(town(service("cart", 40), agents_missing=0.25, clock_ms=900), seed=1)
    assert sum(not host.agent for host in fleet.hosts) == 10
    assert 0 < max(abs(host.clock_ms) for host in fleet.hosts) <= 900
    assert all(host.agent and not host.clock_ms for host in place(town(service("cart", 40))).hosts)


def test_instances_of_a_service_share_a_host_only_if_there_are_too_few() -> None:
    fleet = place(town(service("a", 3), service("b", 3), service("c", 6), per_host=4, zones=()))
    assert len(fleet.hosts) == 3
    assert {Counter(one.host.number for one in fleet.of_service["a"])[host] for host in range(3)} == {1}
    assert {Counter(one.host.number for one in fleet.of_service["c"])[host] for host in range(3)} == {2}


def test_servers_of_one_port_on_one_host_have_the_next_ones() -> None:
    fleet = place(town(service("a", 3), service("b"), per_host=4, zones=()))
    assert [one.port for one in fleet.instances] == [8080, 8081, 8082, 8083]


def test_ports_do_not_run_into_those_of_clients() -> None:
    ports = Ports()
    taken = [ports.take("10.0.0.1", Program(name="x", port=32_766)) for _ in range(4)]
    assert [port for port, _ in taken] == [32_766, 32_767, 20_000, 20_001]


def test_a_program_that_serves_nobody_has_no_port() -> None:
    fleet = place(town(service("bot", program=Program(name="bot"))))
    assert (fleet.instances[0].port, fleet.instances[0].peer_port) == (0, 0)


def test_a_container_has_an_address_and_a_port_of_its_own() -> None:
    fleet = place(town(service("a", 3, container=Container()), per_host=3, zones=()))
    assert [one.address for one in fleet.instances] == ["10.128.0.2", "10.128.0.3", "10.128.0.4"]
    assert {one.port for one in fleet.instances} == {8080}
    assert {one.host.address for one in fleet.instances} == {"10.0.0.1"}


def test_zones_have_networks_of_their_own() -> None:
    fleet = place(town(service("cart", 4)))
    assert [host.address for host in fleet.hosts] == ["10.0.0.1", "10.0.0.2", "10.1.0.1", "10.2.0.1"]


def test_too_many_zones_and_containers_are_refused() -> None:
    with pytest.raises(Mistake, match="give fewer of them"):
        place(town(service("cart", 200), zones=tuple(map(str, range(200)))))
    with pytest.raises(Mistake, match="give fewer of them"):
        ContainerAddresses(per_host=1_000).next(host=10_000)


@given(st.lists(st.tuples(st.text(max_size=200), st.text(max_size=200)), max_size=20))
def test_any_names_of_regions_and_zones_give_hosts_an_id_each(places: list[tuple[str, str]]) -> None:
    names = Hostnames()
    given_ = [names.next(region, zone) for region, zone in places]
    assert len(set(given_)) == len(places)
    assert all(HOST_ID.fullmatch(name) for name in given_)


@pytest.mark.parametrize(
    ("within", "reached"),
    [
        ("zone", ["db00"]),
        ("zones alike", ["db00", "db03"]),
        ("region", ["db00", "db01", "db02"]),
        ("anywhere", ["db00", "db01", "db02", "db03", "db04", "db05"]),
    ],
)
def test_a_client_reaches_the_servers_of_its_place(within: Within, reached: list[str]) -> None:
    call = Call(to="db", within=within)
    assert called(town(service("web", 3, call), service("db", 3), regions=("a", "b")), 0, call) == reached


def test_a_server_of_all_regions_is_within_each() -> None:
    call = Call(to="dns", within="region")
    assert called(town(service("web", 1, call), service("dns", regions=0), regions=("a", "b")), 1, call) == ["dns00"]


def test_a_client_of_no_region_reaches_all() -> None:
    call = Call(to="web", within="region")
    world = town(service("www", 1, call, regions=0), service("web", 1), regions=("a", "b"))
    assert called(world, 0, call) == ["web00", "web01"]


def test_nobody_is_a_peer_of_its_own() -> None:
    call = Call(to="zk", peers=True)
    assert called(town(service("zk", 3, call)), 1, call) == ["zk00", "zk02"]


def test_clients_of_a_few_servers_are_shared_among_all_of_them() -> None:
    call = Call(to="db", servers=2)
    fleet = place(town(service("web", 6, call), service("db", 4)))
    known = {client.name: [one.name for one in routes(fleet, client, call)] for client in fleet.of_service["web"]}
    assert known["web00"] == ["db00", "db01"]
    assert Counter(name for names in known.values() for name in names) == dict.fromkeys(
        ["db00", "db01", "db02", "db03"], 3
    )


def test_all_are_reached_if_there_are_no_more_than_so_many() -> None:
    call = Call(to="db", servers=5)
    assert called(town(service("web", 1, call), service("db", 3)), 0, call) == ["db00", "db01", "db02"]

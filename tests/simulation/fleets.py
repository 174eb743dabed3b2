"""Small fleets, placed by hand."""

from collections.abc import Sequence
from itertools import count

from simulation.architecture import Architecture, Call, Container, Program, Service
from simulation.fleet import Fleet, Host, Instance

T0 = 1_800_000_000_000
WIDTH = 5_000
NGINX = Program(name="nginx", port=80, protocol="http")
API = Program(name="cart", exe="/srv/cart", port=8000, protocol="http")
POSTGRES = Program(name="postgres", port=5432, protocol="postgresql")
REDIS = Program(name="redis-server", port=6379, protocol="redis")
CASSANDRA = Program(name="cassandra", port=9042, peer_port=7000)


def shop(**changes: object) -> Architecture:
    """Return a web shop: front ends, carts in containers, a cache, a database, and a ring that talks to itself."""
    services = (
        Service(name="db", program=POSTGRES, count=1, service_ms=3, calls=(Call(to="ring", per_request=0.2, pool=0),)),
        Service(name="cache", program=REDIS, count=2, service_ms=0.3),
        Service(
            name="ring",
            program=CASSANDRA,
            count=3,
            calls=(Call(to="ring", per_request=0.5, peers=True),),
        ),
        Service(
            name="cart",
            program=API,
            count=4,
            container=Container(image="shop/cart:1", namespace="shop"),
            calls=(
                Call(to="cache", per_request=2, pool=2),
                Call(to="db", per_request=0.5, retries=1),
                Call(to="web", per_request=0.1),  # a cycle
            ),
        ),
        Service(name="web", program=NGINX, count=2, load=20, calls=(Call(to="cart", pool=0, within="zone"),)),
        Service(name="report", program=Program(name="report"), count=1, makes=1, calls=(Call(to="db", pool=0),)),
    )
    return Architecture(name="shop", services=services, zones=("a", "b"), **changes)  # type: ignore[arg-type]


def placed(
    architecture: Architecture,
    hosts: int = 4,
    *,
    unwatched: Sequence[int] = (),
    clocks: Sequence[int] = (),
) -> Fleet:
    """Put the instances of an architecture onto hosts, one after the other."""
    zones = architecture.zones
    stand = [
        Host(
            number=number,
            name=f"h{number}",
            address=f"10.0.0.{number + 1}",
            region=architecture.regions[0],
            zone=zones[number % len(zones)],
            agent=number not in unwatched,
            clock_ms=clocks[number] if number < len(clocks) else 0,
        )
        for number in range(hosts)
    ]
    addresses = count(1)
    instances: list[Instance] = []
    ports: dict[tuple[int, int], int] = {}
    for service in architecture.services:
        for number in range(service.count):
            host = stand[(len(instances) + number) % hosts]
            port = service.program.port or 0
            if service.container:
                address = f"10.1.0.{next(addresses)}"
            else:
                address = host.address
                taken = ports[host.number, port] = ports.get((host.number, port), -1) + 1
                port += taken if port else 0
            peer = service.program.peer_port or 0
            name = f"{service.name}{number}"
            full_name = f"{architecture.name}.{host.region}.{host.zone}.{name}"
            instances.append(Instance(service, number, name, full_name, host, address, port, peer))
    of_service = {
        service.name: [one for one in instances if one.service is service] for service in architecture.services
    }
    return Fleet(architecture, stand, instances, of_service)

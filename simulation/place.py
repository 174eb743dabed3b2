"""Put an architecture on hosts: who stands where, at which address and port, and what is odd about the hosts."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from simulation.addresses import ContainerAddresses, HostAddresses, Ports
from simulation.architecture import Architecture, Service
from simulation.chance import chance
from simulation.fleet import Fleet, Host, Instance
from simulation.hostnames import Hostnames
from simulation.scaling import bounded, spots

Zone = tuple[str, str]


class Spot(NamedTuple):
    """Where an instance is to stand."""

    service: Service
    number: int
    zone: Zone  # region and zone


def place(architecture: Architecture, seed: int = 0) -> Fleet:
    """Return a fleet of the architecture, the same one for the same seed; Mistake when it is too large.

    The instances of a zone are dealt to its hosts one after the other, so those of a service share a host only if
    there are more of them than hosts.
    """
    found = list(_spots(bounded(architecture)))
    hosts = _hosts(architecture, Counter(spot.zone for spot in found), seed)
    instances = list(_instances(architecture, found, hosts))
    of_service: dict[str, list[Instance]] = {service.name: [] for service in architecture.services}
    for instance in instances:
        of_service[instance.service.name].append(instance)
    return Fleet(architecture, [host for of_zone in hosts.values() for host in of_zone], instances, of_service)


def _spots(architecture: Architecture) -> Iterator[Spot]:
    for service in architecture.services:
        for region, zone, number in spots(architecture, service):
            yield Spot(service, number, (region, zone))


def _hosts(architecture: Architecture, instances: Mapping[Zone, int], seed: int) -> dict[Zone, list[Host]]:
    """Return the hosts of each zone, in the order of the architecture."""
    names, addresses = Hostnames(), HostAddresses()
    hosts: list[Host] = []
    for (region, zone), count in instances.items():
        addresses.begin_zone()
        for _ in range(-(-count // architecture.per_host)):
            hosts.append(Host(len(hosts), names.next(region, zone), addresses.next(), region, zone))
    of_zone: dict[Zone, list[Host]] = defaultdict(list)
    for host in _with_oddities(architecture, hosts, seed):
        of_zone[host.region, host.zone].append(host)
    return of_zone


def _with_oddities(architecture: Architecture, hosts: Sequence[Host], seed: int) -> Iterator[Host]:
    """Yield hosts, some without an agent, and with clocks that are wrong."""
    clocks = chance(seed, "clocks")
    missing = set(chance(seed, "agents").sample(range(len(hosts)), round(architecture.agents_missing * len(hosts))))
    most = round(architecture.clock_ms)
    for host in hosts:
        yield replace(host, agent=host.number not in missing, clock_ms=clocks.randint(-most, most))


def _instances(
    architecture: Architecture, found: Sequence[Spot], hosts: Mapping[Zone, Sequence[Host]]
) -> Iterator[Instance]:
    dealt: Counter[Zone] = Counter()
    ports, containers = Ports(), ContainerAddresses(architecture.per_host)
    for spot in found:
        of_zone = hosts[spot.zone]
        host = of_zone[dealt[spot.zone] % len(of_zone)]
        dealt[spot.zone] += 1
        address = containers.next(host.number) if spot.service.container else host.address
        region, zone = (part or "*" for part in spot.zone)
        name = f"{spot.service.name}{spot.number:02}"
        port, peer_port = ports.take(address, spot.service.program)
        yield Instance(
            service=spot.service,
            number=spot.number,
            name=name,
            full_name=f"{architecture.name}.{region}.{zone}.{name}",
            host=host,
            address=address,
            port=port,
            peer_port=peer_port,
        )

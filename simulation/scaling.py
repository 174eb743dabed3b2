"""An architecture in another size: more or fewer instances in each region, and more regions."""

from collections.abc import Iterator

from msgspec.structs import replace

from simulation.architecture import Architecture, Service
from simulation.mistakes import Mistake

REGIONS = ("us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-southeast-1", "ap-southeast-2")
MOST_INSTANCES = 1_000_000


def scaled(architecture: Architecture, percent: int = 100, regions: int = 1) -> Architecture:
    """Return an architecture with so much of its instances in each region, and so many times its regions.

    A count that becomes 0 leaves one instance that belongs to no zone. Mistake when there are no regions left to take.
    """
    if percent < 1 or regions < 1:
        raise Mistake("a fleet has at least 1 % of its instances and once its regions; give larger numbers")
    own = architecture.regions or (REGIONS[:1] if regions > 1 else ())
    names = [*own, *(name for name in REGIONS if name not in own)]
    wanted = len(own) * regions
    if wanted > len(names):
        raise Mistake(f"there are names for {len(names)} regions, and {wanted} are wanted; give fewer regions")
    services = tuple(_scaled(service, percent, regions) for service in architecture.services)
    return bounded(replace(architecture, regions=tuple(names[:wanted]), services=services))


def bounded(architecture: Architecture) -> Architecture:
    """Return the architecture if it is no larger than a simulation can hold, else Mistake."""
    counts = [service.count * max(standing(architecture, service), 1) for service in architecture.services]
    if sum(counts) > MOST_INSTANCES:
        most = max(range(len(counts)), key=counts.__getitem__)
        raise Mistake(
            f"services[{most}].count: {architecture.name} has {sum(counts):,} instances, {counts[most]:,} of them of "
            f"{architecture.services[most].name}, and {MOST_INSTANCES:,} is the most; give smaller counts"
        )
    return architecture


def standing(architecture: Architecture, service: Service) -> int:
    """Return in how many regions a service stands."""
    return len(architecture.regions) if service.regions is None else min(service.regions, len(architecture.regions))


def spots(architecture: Architecture, service: Service) -> Iterator[tuple[str, str, int]]:
    """Yield region, zone and number of each instance of a service: in turn over the zones, region by region."""
    zones = architecture.zones if service.zonal else ()
    for at, region in enumerate(architecture.regions[: standing(architecture, service)] or ("",)):
        first = at * service.count if service.zonal else 0
        for number in range(first, first + service.count):
            yield region, zones[number % len(zones)] if zones and region else "", number


def _scaled(service: Service, percent: int, regions: int) -> Service:
    count = service.count * percent // 100 if service.zonal else service.count
    spread = None if service.regions is None else service.regions * regions
    return replace(service, count=count or 1, zonal=service.zonal and count > 0, regions=spread)

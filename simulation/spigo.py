"""Architecture files of Spigo (`arch-0.0` and `arch-0.1`), read as Spigo itself reads them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

from msgspec import Meta, Struct

from schemas.matching import unknown
from simulation.architecture import Architecture, Call, Container, Service, Within
from simulation.decoding import decoded
from simulation.faults import Fault
from simulation.mistakes import Mistake
from simulation.packages import CHAIN, PACKAGES, REGISTRY, ROOT_RATE, Package
from simulation.programs import program_called, program_of, program_of_image, program_of_store
from simulation.scaling import REGIONS, bounded

VICTIM_AT_S = 60.0  # chaos comes after half of the run; how long that is, is not in the file
BUDDIES = 10  # of a pirate
PUTS = 0.33  # of all requests: what is written goes on to copies
MISSES = 0.5  # of what one kind is asked for, the next kind is asked as well
_Number = Annotated[int, Meta(ge=0, le=1_000_000)]


class _Service(Struct, frozen=True, kw_only=True):
    name: Annotated[str, Meta(min_length=1, max_length=128)]
    package: str
    regions: _Number | None = None
    count: _Number | None = None
    dependencies: list[str] | None = None
    container: str | None = None


class _File(Struct, frozen=True, kw_only=True):
    arch: Annotated[str, Meta(min_length=1, max_length=128)]
    description: str | None = None
    victim: str | None = None
    services: list[_Service] | None = None


def read(data: bytes, name: str = "architecture") -> Architecture:
    """Return the architecture of a file, in its order; Mistake when there is something that Spigo cannot read."""
    file = decoded(_File, data, name)
    try:
        return bounded(_architecture(file))
    except Mistake as error:
        raise Mistake(f"{name}: {error}") from None


def _architecture(file: _File) -> Architecture:
    services = file.services or []
    if not services:
        raise Mistake("services: there are none; give at least one")
    named = _named(services)
    for at, service in enumerate(services):
        if service.package not in PACKAGES:
            raise Mistake(f"services[{at}].package: {unknown('package', service.package, PACKAGES)}")
        for number, other in enumerate(service.dependencies or ()):
            if other not in named and other != REGISTRY:
                raise Mistake(f"services[{at}].dependencies[{number}]: {unknown('service', other, named)}")
    if file.victim and file.victim not in named:
        raise Mistake(f"victim: {unknown('service', file.victim, named)}")
    roots = _roots(services)
    regions = REGIONS[: max([1, *(service.regions or 0 for service in services)])]
    return Architecture(
        name=file.arch,
        description=file.description or "",
        services=tuple(_service(service, named, makes=service.name in roots) for service in services),
        regions=regions,
        faults=(Fault(kind="kill", where=file.victim, at_s=VICTIM_AT_S, instances=1),) if file.victim else (),
    )


def _named(services: Sequence[_Service]) -> dict[str, _Service]:
    named: dict[str, _Service] = {}
    for at, service in enumerate(services):
        if service.name == REGISTRY:
            raise Mistake(f"services[{at}].name: {REGISTRY} is always there; give the service another name")
        if service.name in named:
            raise Mistake(f"services[{at}].name: there are two services {service.name}; give one another name")
        if (service.regions or 0) > len(REGIONS):
            raise Mistake(f"services[{at}].regions: {service.regions} is too many; give {len(REGIONS)} at most")
        named[service.name] = service
    return named


def _roots(services: Sequence[_Service]) -> set[str]:
    """Return who makes the load: the last service; if that calls nobody, those that call others and nobody calls."""
    last = services[-1]
    if _called(last):
        return {last.name}
    called = {name for service in services for name in _called(service)}
    return {service.name for service in services if _called(service) and service.name not in called}


def _called(service: _Service) -> list[str]:
    """Return whom a service calls, each once."""
    return [name for name in dict.fromkeys(service.dependencies or ()) if name != REGISTRY]


def _service(service: _Service, named: Mapping[str, _Service], *, makes: bool) -> Service:
    package = PACKAGES[service.package]
    image = service.container or ""
    everywhere = not service.regions
    return Service(
        name=service.name,
        program=program_of(_program(service, package), service.name),
        count=1 if everywhere else service.count or 1,
        regions=service.regions or 0,
        zonal=bool(service.count) and not everywhere,
        calls=tuple(_calls(service, package, named)),
        makes=ROOT_RATE if makes else 0.0,
        service_ms=package.service_ms,
        container=Container(image=image) if image else None,
        package=service.package,
    )


def _program(service: _Service, package: Package) -> str:
    """Return the key of the program that a service runs."""
    own = program_of_store(service.name) if package.data else program_called(service.name)
    return program_of_image(service.container or "") or own or package.program


def _calls(service: _Service, package: Package, named: Mapping[str, _Service]) -> Iterator[Call]:
    names = _called(service)
    if package.manner == "chain":
        names.sort(key=lambda name: _in_chain(named[name]))
    routes = sum(named[name].count or 1 for name in names)
    for at, name in enumerate(names):
        yield Call(
            to=name,
            within=_within(service, package, named[name]),
            peers=name == service.name,
            group="one" if package.manner == "one" and len(names) > 1 else "",
            per_request=_odds(package, at, (named[name].count or 1) / routes),
            servers=BUDDIES if service.package == "pirate" else 0,
            essential=package.manner != "copies",
        )


def _in_chain(service: _Service) -> int:
    return CHAIN.index(service.package) if service.package in CHAIN else len(CHAIN)


def _within(service: _Service, package: Package, server: _Service) -> Within:
    wide = not service.regions or any(REGISTRY in (each.dependencies or ()) for each in (service, server))
    if package.same_zone:
        return "zones alike" if wide else "zone"
    return "anywhere" if wide else "region"


def _odds(package: Package, at: int, share: float) -> float:
    if package.manner == "copies":
        return PUTS
    return round(share if package.manner == "one" else MISSES**at, 4)

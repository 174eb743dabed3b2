"""Files of Docker Compose: services are containers on one host, and call the others that they name."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from msgspec.structs import replace

from simulation.architecture import Architecture, Call, Container, Program, Service
from simulation.checking import checked
from simulation.compose_file import Stated, checked_waits, stated
from simulation.hints import Hint, hints
from simulation.mistakes import Mistake
from simulation.programs import STORES, program_called, program_of, program_of_image

LOAD = 10.0  # requests a second of an instance where they begin
_LONGEST = 128  # letters of a name


def of_tables(tables: Mapping[str, Any], name: str = "compose.yaml") -> Architecture:
    """Return the architecture of a Compose file's tables; Mistake names the field that is wrong."""
    try:
        return checked(_architecture(tables, name))
    except Mistake as error:
        raise Mistake(f"{name}: {error}") from None


def _architecture(tables: Mapping[str, Any], name: str) -> Architecture:
    file = stated(_named(tables.get("services")))
    checked_waits(file)
    running = {key: service for key, service in file.items() if service.replicas}
    others = {name: _others(name, running) for name in running}
    named = Counter(hint for of_service in others.values() for hint in of_service)
    programs = {name: _program(name, service, named) for name, service in running.items()}
    project = str(tables.get("name") or PurePath(name).parent.name or "compose")[:_LONGEST]
    services = [
        Service(
            name=name,
            program=programs[name],
            count=service.replicas,
            calls=tuple(Call(to=other) for other in dict.fromkeys(hint.host for hint in others[name])),
            container=Container(image=service.image, namespace=project),
        )
        for name, service in running.items()
    ]
    entries = {name for name, service in running.items() if service.published and _key(name, service) not in STORES}
    return Architecture(
        name=project,
        description="A system of Docker Compose.",
        services=tuple(_with_load(services, entries)),
        regions=(),
        zones=(),
        per_host=max(sum(service.count for service in services), 1),
    )


def _named(services: Any) -> dict[str, Any]:
    if not isinstance(services, dict) or not services:
        raise Mistake("services: there are none; give a table of them")
    for name in services:
        if not isinstance(name, str) or not 0 < len(name) <= _LONGEST:
            raise Mistake(f"services.{name}: a name is a text of 1 to {_LONGEST} letters; give it such a name")
    return services


def _others(name: str, services: Mapping[str, Stated]) -> list[Hint]:
    """Return the other services that a service waits for, or names in its settings and shares a network with."""
    own = services[name]
    reached = {
        called: other
        for other, service in services.items()
        if other != name and own.networks & service.networks
        for called in service.called
    }
    waits = [Hint(other, 0) for other in own.waits if other in services and other != name]
    return waits + [Hint(reached[host], port) for host, port in hints(own.settings, reached)]


def _key(name: str, service: Stated) -> str:
    """Return the key of the program that a service runs."""
    return program_of_image(service.image) or program_called(name) or "service"


def _program(name: str, service: Stated, named: Mapping[Hint, int]) -> Program:
    """Return what a service runs, at the port that most others name, or at the first that it names itself."""
    key = _key(name, service)
    program = program_of(key, name)
    by_others = [hint for hint in sorted(named, key=lambda hint: (-named[hint], hint)) if hint.host == name]
    ports = [*(service.targets if key not in STORES else ()), *(hint.port for hint in by_others if hint.port)]
    if key == "service" and not by_others and not ports:
        return replace(program, port=None, protocol="")
    return program if not ports or program.port in ports else replace(program, port=ports[0])


def _with_load(services: Sequence[Service], entries: Collection[str]) -> Iterator[Service]:
    """Yield services with load: from outside at the entries, and what nobody else calls begins requests of itself."""
    called = {call.to for service in services for call in service.calls}
    for service in services:
        if service.name in entries:
            yield replace(service, load=LOAD)
        else:
            yield replace(service, makes=LOAD if service.calls and service.name not in called else 0.0)

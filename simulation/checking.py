"""What types cannot say of an architecture: names are there once, and what is called is there."""

from collections.abc import Sequence

from schemas.matching import unknown
from simulation.architecture import Architecture
from simulation.mistakes import Mistake
from simulation.scaling import bounded


def checked(architecture: Architecture) -> Architecture:
    """Return the architecture if it is one, else Mistake with the place and the remedy."""
    if not architecture.services:
        raise Mistake("services: there are none; give at least one")
    names = _once("services", ".name", [service.name for service in architecture.services])
    _once("regions", "", architecture.regions)
    _once("zones", "", architecture.zones)
    for at, service in enumerate(architecture.services):
        for number, call in enumerate(service.calls):
            if call.to not in names:
                raise Mistake(f"services[{at}].calls[{number}].to: {unknown('service', call.to, names)}")
            if call.peers and call.to != service.name:
                raise Mistake(
                    f"services[{at}].calls[{number}].peers: {call.to} is another service; peers are of the same one"
                )
    return bounded(architecture)


def _once(where: str, field: str, names: Sequence[str]) -> set[str]:
    seen: set[str] = set()
    for at, name in enumerate(names):
        if name in seen:
            raise Mistake(f"{where}[{at}]{field}: {name} is there twice; give one another name")
        seen.add(name)
    return seen

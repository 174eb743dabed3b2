"""The simulator's own format, TOML or JSON: the fields of `Architecture`, with short forms for people.

program = "redis"                       a program of the table; left out, it is what the service's name means
container = "shop/cart:1.2"             the image alone
calls = ["cart", {to = "db", pool = 2}] a name alone is a call with all defaults
generate = {services = 1_000}           in place of services: a fleet that is drawn, by the `seed` of the file
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from schemas.matching import either, near, unknown
from simulation.architecture import Architecture, Call, Container, Name, Program, Service
from simulation.checking import checked
from simulation.decoding import of_field
from simulation.faults import Fault
from simulation.generate import Recipe, generate
from simulation.mistakes import Mistake
from simulation.programs import PROGRAMS, program_called, program_of


class Generated(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file that has a fleet drawn by a seed: services are made, and not listed."""

    name: Name
    description: str = ""
    seed: int = 0
    generate: Recipe
    faults: tuple[Fault, ...] = ()


_STRUCTS: dict[str, type[Struct]] = {
    "": Architecture,
    "services": Service,
    "calls": Call,
    "program": Program,
    "container": Container,
    "faults": Fault,
    "generate": Recipe,
}
_UNKNOWN = re.compile(r"object contains unknown field [`]?(.*?)[`]?$", re.DOTALL)


def of_tables(tables: Any, name: str = "architecture") -> Architecture:
    """Return the architecture that tables describe; Mistake names the first field that is wrong."""
    try:
        if isinstance(tables, Mapping) and "generate" in tables:
            return _generated(msgspec.convert(tables, Generated))
        return checked(msgspec.convert(_long(tables), Architecture))
    except msgspec.ValidationError as error:
        raise Mistake(f"{name}: {_hinted(of_field(error))}") from None
    except Mistake as error:
        raise Mistake(f"{name}: {error}") from None


def written(architecture: Architecture) -> bytes:
    """Return an architecture as JSON, to be read again."""
    return msgspec.json.format(msgspec.json.encode(architecture))


def _generated(file: Generated) -> Architecture:
    architecture = generate(file.generate, file.seed)
    return replace(architecture, name=file.name, description=file.description, faults=file.faults)


def _long(tables: Any) -> Any:
    """Return tables with the long forms of what is short; what is neither stays, to be refused."""
    if not isinstance(tables, Mapping) or not isinstance(services := tables.get("services"), list):
        return tables
    return {**tables, "services": [_service(at, service) for at, service in enumerate(services)]}


def _service(at: int, service: Any) -> Any:
    if not isinstance(service, Mapping) or not isinstance(name := service.get("name"), str):
        return service
    key = service.get("program", program_called(name) or "service")
    if isinstance(key, str):
        if key not in PROGRAMS:
            raise Mistake(f"services[{at}].program: {unknown('program', key, PROGRAMS)}")
        service = {**service, "program": msgspec.to_builtins(program_of(key, name))}
    if isinstance(image := service.get("container"), str):
        service = {**service, "container": {"image": image}}
    if isinstance(calls := service.get("calls"), list):
        service = {**service, "calls": [_call(call, name) for call in calls]}
    return service


def _call(call: Any, caller: str) -> Any:
    if isinstance(call, str):
        call = {"to": call}
    if isinstance(call, Mapping) and call.get("to") == caller:
        return {"peers": True, **call}
    return call


def _hinted(sentence: str) -> str:
    """Return a sentence about a field that there is not, with those that it may have been meant to be."""
    found = _UNKNOWN.search(sentence)
    if found is None:
        return sentence
    where = sentence[: found.start()]
    kind = re.sub(r"\[\d+\]", "", where.removesuffix(": ")).rpartition(".")[2]
    fields = _STRUCTS[kind].__struct_fields__
    close = near(found[1], fields)
    hint = f"did you mean {either(close)}?" if close else f"there are {', '.join(fields)}"
    return f"{where}there is no field {found[1]}; {hint}"

"""What a Compose file says of its services, in one form of each: lists and tables, short and long ports."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta, Struct

from schemas.matching import unknown
from simulation.decoding import of_field
from simulation.mistakes import Mistake

_INTERPOLATED = re.compile(r"\$\{\w+(?::?-([^{}]*))?[^{}]*\}|\$\w+")
_Count = Annotated[int, Meta(ge=0, le=1_000_000)]
_Scalar = str | int | float | bool | None  # no list of lists: aliases could make it endless
_Environment = list[_Scalar] | dict[str, _Scalar] | None
_Command = str | list[_Scalar] | None


class Setting(NamedTuple):
    """A variable of the environment, or an argument of the command, which has no name."""

    name: str
    value: str


class Stated(NamedTuple):
    """A service as its file states it."""

    image: str
    targets: list[int]  # ports that it publishes or exposes, inside of its container
    published: bool
    waits: list[str]  # services that it starts after, or is linked to
    settings: list[Setting]
    called: list[str]  # by what names others reach it
    networks: frozenset[str]
    replicas: int


class _Deploy(Struct):
    replicas: _Count | None = None


class _Service(Struct):
    image: str | None = None
    ports: list[int | str | dict[str, Any]] | None = None
    expose: list[int | str] | None = None
    depends_on: list[str] | dict[str, Any] | None = None
    links: list[str] | None = None
    environment: _Environment = None
    command: _Command = None
    entrypoint: _Command = None
    container_name: str | None = None
    hostname: str | None = None
    networks: list[str] | dict[str, Any] | None = None
    deploy: _Deploy | None = None
    scale: _Count | None = None


def stated(services: Mapping[str, Any]) -> dict[str, Stated]:
    """Return what is said of each service; Mistake names the field that is wrong."""
    return {name: _stated(name, _extended(services, name)) for name in services}


def interpolated(text: str) -> str:
    """Return a text with the defaults of the variables in it: 80 for ${PORT:-80}, nothing where there is none."""
    return _INTERPOLATED.sub(lambda found: found[1] or "", text)


def _extended(services: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a service's table with what it has from services of the same file that it extends."""
    whole: dict[str, Any] = {}
    seen: set[str] = set()
    while name in services and name not in seen:
        seen.add(name)
        table = services[name] or {}
        if not isinstance(table, dict):
            raise Mistake(f"services.{name}: expected a table; give one with an image")
        whole = {**table, **whole}
        base = table.get("extends")
        base = base.get("service") if isinstance(base, dict) and "file" not in base else base
        name = base if isinstance(base, str) else ""
    return whole


def _stated(name: str, table: Mapping[str, Any]) -> Stated:
    try:
        said = msgspec.convert(table, _Service)
    except msgspec.ValidationError as error:
        raise Mistake(f"services.{name}.{of_field(error)}") from None
    replicas = said.deploy.replicas if said.deploy and said.deploy.replicas is not None else said.scale
    targets = [_target(f"services.{name}.ports[{at}]", port) for at, port in enumerate(said.ports or ())]
    exposed = [_target(f"services.{name}.expose[{at}]", port) for at, port in enumerate(said.expose or ())]
    return Stated(
        image=interpolated(said.image or ""),
        targets=[port for port in (*targets, *exposed) if port],
        published=bool(targets),
        waits=[*(said.depends_on or ()), *(link.partition(":")[0] for link in said.links or ())],
        settings=[*_settings(said.environment), *_arguments(said.entrypoint), *_arguments(said.command)],
        called=[name, *(other for other in (said.container_name, said.hostname) if other)],
        networks=frozenset(map(str, said.networks or ("default",))),
        replicas=1 if replicas is None else replicas,
    )


def checked_waits(services: Mapping[str, Stated]) -> None:
    """Raise Mistake if a service waits for one that there is not."""
    for name, service in services.items():
        for other in service.waits:
            if other not in services:
                raise Mistake(f"services.{name}.depends_on: {unknown('service', other, services)}")


def _target(where: str, port: int | str | Mapping[str, Any]) -> int:
    """Return the port inside of the container, of a range the first; 0 if a variable decides it, or for UDP."""
    written = str(port.get("target", "") if isinstance(port, Mapping) else port)
    number, _, transport = interpolated(written).rpartition(":")[2].partition("/")
    if number == "" or transport == "udp":
        return 0
    first = number.partition("-")[0]
    if not first.isascii() or not first.isdigit() or not 0 < int(first[:6]) <= 65_535:
        raise Mistake(f"{where}: {written} is no port; give one such as 8080:80")
    return int(first)


def _settings(environment: _Environment) -> list[Setting]:
    pairs = (
        environment.items()
        if isinstance(environment, dict)
        else (str(line).partition("=")[::2] for line in environment or ())
    )
    return [Setting(str(name), interpolated("" if value is None else str(value))) for name, value in pairs]


def _arguments(command: _Command) -> list[Setting]:
    words = command.split() if isinstance(command, str) else map(str, command or ())
    return [Setting("", interpolated(word)) for word in words]

"""Where a fault strikes: instances and hosts by their names, zones and regions, or what is between two of these."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from simulation.faults import Fault
from simulation.fleet import Fleet, Host, Instance
from simulation.mistakes import Mistake
from simulation.seats import Seat

BETWEEN = ("loss", "delay", "partition")  # may strike between clients and servers
_ARROW = ">"


class Struck(NamedTuple):
    """The seats that a fault strikes; `servers` where it strikes between those and these."""

    seats: Sequence[Seat]
    servers: Sequence[Seat] | None = None


def struck(fault: Fault, seats: Sequence[Seat]) -> Struck:
    """Return what a fault strikes, as instances stand now."""
    if _ARROW in fault.where:
        clients, servers = (_called(name, seats) for name in _ends(fault.where))
        return Struck(clients, servers)
    found = _called(fault.where, seats)
    return Struck(found[: fault.instances] if fault.instances else found)


def check(faults: Sequence[Fault], fleet: Fleet) -> None:
    """Mistake where a fault strikes nothing."""
    known = {name for one in fleet.instances for name in _names(one, one.host)}
    for number, fault in enumerate(faults):
        if _ARROW in fault.where and fault.kind not in BETWEEN:
            possible = ", ".join(BETWEEN)
            raise Mistake(f"faults[{number}].where: between two ends there can be {possible}, and no {fault.kind}")
        for name in _ends(fault.where):
            if name not in known:
                raise Mistake(
                    f"faults[{number}].where: nothing is called {name}; "
                    "give a service, an instance, a host, a zone or a region"
                )


def _ends(where: str) -> list[str]:
    return [name.strip() for name in where.split(_ARROW, 1)]


def _called(name: str, seats: Sequence[Seat]) -> list[Seat]:
    return [seat for seat in seats if name in _names(seat.instance, seat.machine.host)]


def _names(instance: Instance, host: Host) -> Iterator[str]:
    yield from (instance.service.name, instance.name, instance.full_name, host.name)
    yield from (name for name in (host.zone, host.region) if name)
    if host.zone and host.region:
        yield f"{host.region}/{host.zone}"

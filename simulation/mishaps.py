"""Faults drawn by a seed: one after the other, each where its kind may strike."""

from collections.abc import Sequence
from random import Random

from simulation.chance import chance
from simulation.faults import ONCE, Fault, Kind
from simulation.fleet import Fleet

_OF_HOSTS: tuple[Kind, ...] = ("loss", "delay", "pressure", "clock", "agent", "late", "doubled")
_LATER = 0.2  # of the time for a fault, before it begins,
_LASTS = 0.5  # and while it lasts


def draw(fleet: Fleet, seed: int | str, kinds: Sequence[Kind], count: int, within_s: float = 3_600.0) -> list[Fault]:
    """Return so many faults, the kinds in turn; each is over before the next one begins."""
    random = chance(seed, "faults")
    each = within_s / max(count, 1)
    return [
        Fault(
            kind=kind,
            where=_where(fleet, kind, random),
            at_s=round((nth + _LATER) * each, 3),
            for_s=0.0 if kind in ONCE else round(_LASTS * each, 3),
        )
        for nth in range(count)
        for kind in (kinds[nth % len(kinds)],)
    ]


def _where(fleet: Fleet, kind: Kind, random: Random) -> str:
    if kind in _OF_HOSTS:
        return fleet.hosts[int(random.random() * len(fleet.hosts))].name
    if kind == "surge":
        among = [one for one in fleet.instances if one.service.load or one.service.makes]
    else:
        among = [one for one in fleet.instances if one.port]
    found = among[int(random.random() * len(among))] if among else fleet.instances[0]
    return found.full_name if kind in ("partition", "reuse", "hang") else found.service.name

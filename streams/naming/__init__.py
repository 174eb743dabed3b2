"""Name the service of a process by its systemd unit, container or program (for an interpreter: the script).

This is a pure function of the process's raw facts and the user's rules. So a replay with other rules renames the past.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from streams.naming.called import Called
from streams.naming.java import LAUNCHER
from streams.naming.paths import generic
from streams.naming.programs import program
from streams.naming.rules import NamingRule
from streams.naming.units import unit_service
from streams.naming.words import fit

__all__ = ["Called", "Named", "NamingRule", "name_process"]


class Named(NamedTuple):
    """The names of a process, with the rules that gave them."""

    service: Called
    program: Called


def name_process(rules: Sequence[NamingRule], facts: Mapping[str, Any]) -> Named:
    """Name a process by its facts, a row of `schemas.raw.Processes`.

    The service has the name of the first matching rule of the user, else of its systemd unit, else of its program.
    """
    own = program(facts["comm"], facts["exe"], facts["cmdline"], facts["cwd"], facts["lead"])
    container, unit = facts["container"], facts["unit"]
    around = next((name for name in (facts["container_name"], container) if fit(name)), "")
    if around and (generic(own.name) or own.rule == LAUNCHER):
        named = around if own.rule == LAUNCHER or around == own.name else f"{around}/{own.name}"
        own = Called(named, "container", f"{around}: {own.evidence}")
    for number, rule in enumerate(rules, start=1):
        if rule.matches(own.name, facts["cmdline"], unit, container, facts["user"]):
            return Named(Called(rule.service, f"user rule {number}", rule.asked), own)
    if service := unit_service(unit, facts["lineage"]):
        return Named(Called(service, "unit", unit), own)
    return Named(own, own)

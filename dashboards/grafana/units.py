"""Grafana's units of what is counted, from its declaration (schemas/counted.py)."""

from schemas.counted import COUNTED
from schemas.facts import Unit

_UNITS = {Unit.CONNECTIONS: "short", Unit.BYTES: "bytes", Unit.SEGMENTS: "short", Unit.MICROSECONDS: "µs"}
_RATES = {Unit.CONNECTIONS: "cps", Unit.BYTES: "binBps", Unit.SEGMENTS: "cps"}


def unit_of(name: str) -> str:
    """Return the unit of a counter."""
    return _UNITS[COUNTED[name].unit]


def rate_of(name: str) -> str:
    """Return the unit of a counter's rate a second."""
    return _RATES[COUNTED[name].unit]

"""How Grafana shows what is counted, from its declaration (schemas/counted.py)."""

from dashboards.grafana.panels import Json, column
from schemas.counted import COUNTED, OWN
from schemas.facts import Chart, Unit
from schemas.health import COUNTER_SHARES

_UNITS = {Unit.CONNECTIONS: "short", Unit.BYTES: "bytes", Unit.SEGMENTS: "short", Unit.MICROSECONDS: "µs"}
_RATES = {Unit.CONNECTIONS: "cps", Unit.BYTES: "binBps", Unit.SEGMENTS: "cps"}
CHARTED = [name for name, one in OWN.items() if one.chart is Chart.RATE]  # each in a panel of its own


def unit_of(name: str) -> str:
    """Return the unit of a counter."""
    return _UNITS[COUNTED[name].unit]


def rate_of(name: str) -> str:
    """Return the unit of a counter's rate a second."""
    return _RATES[COUNTED[name].unit]


def label_of(name: str) -> str:
    """Return the label of a counter."""
    return COUNTED[name].label


def about(name: str) -> str:
    """Return what a counter means, as a sentence."""
    return f"{COUNTED[name].meaning.capitalize()}."


def judged() -> dict[str, Json]:
    """Return the columns of the counters that edges are judged by."""
    return {name: column(label_of(name), unit_of(name)) for name in COUNTER_SHARES}

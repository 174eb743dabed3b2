"""Panels of what hosts and processes use, from the declaration of each fact (schemas/raw.py)."""

from collections.abc import Sequence

from dashboards.grafana.panels import Json, series
from schemas.facts import Unit
from schemas.used import Used

PANELS = 3  # side by side
_UNITS = {Unit.BYTES: "bytes", Unit.SHARE: "percentunit"}
_RATES = {
    Unit.BYTES: "binBps", Unit.MILLISECONDS: "percentunit", Unit.MICROSECONDS: "percentunit", Unit.PROCESSES: "cps",
}  # fmt: skip


_STACKED = {**_RATES, Unit.MILLISECONDS: "short"}  # in CPUs: processes may keep more than one busy


def used_panel(title: str, facts: Sequence[Used], text: str) -> Json:
    """Return the chart of some facts, which have one unit; what they mean is its description."""
    one = facts[0]
    if one.whole:
        return series(title, text, "percentunit", _sentence(f"{one.meaning}: its share"))
    units = _RATES if one.counts else _UNITS
    about = "; ".join(map(_about, facts)) + ("" if one.counts else "; the greatest of each point")
    return series(title, text, units.get(one.unit, "short"), _sentence(about))


def stacked_panel(fact: Used, text: str) -> Json:
    """Return the chart of a fact of processes, added up by host."""
    title = f"{fact.chart}: {fact.line}" if fact.line else fact.chart
    if fact.counts:
        return series(title, text, _STACKED.get(fact.unit, "short"), _sentence(fact.meaning), stacked=True)
    about = f"{fact.meaning}; of each process the greatest of each point, summed. Points are a minute at least"
    # Points of less than a minute lack processes that did not change.
    return series(title, text, _UNITS.get(fact.unit, "short"), _sentence(about), stacked=True, finest="1m")


def _about(fact: Used) -> str:
    return f"{fact.line}: {fact.meaning}" if fact.line else fact.meaning


def _sentence(about: str) -> str:
    return f"{about[0].upper()}{about[1:]}."

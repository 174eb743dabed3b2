"""Panels of what hosts and processes use, from the declaration of each fact (schemas/raw.py)."""

from collections.abc import Sequence

from dashboards.grafana.panels import Json, series
from schemas.facts import Unit
from schemas.used import Used

_UNITS = {Unit.BYTES: "bytes", Unit.SHARE: "percentunit"}
_RATES = {Unit.BYTES: "binBps", Unit.MILLISECONDS: "percentunit", Unit.MICROSECONDS: "percentunit"}


def used_panel(title: str, facts: Sequence[Used], text: str) -> Json:
    """Return the chart of some facts, which have one unit; what they mean is its description."""
    units = _RATES if facts[0].counts else _UNITS
    meanings = (f"{fact.line}: {fact.meaning}" if fact.line else fact.meaning for fact in facts)
    about = "; ".join(meanings) + ("" if facts[0].counts else "; the greatest of each point")
    return series(title, text, units.get(facts[0].unit, "short"), f"{about[0].upper()}{about[1:]}.")

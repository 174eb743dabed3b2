"""What differs, in words."""

from collections.abc import Mapping

from graph.culprit.measures import MEASURES
from graph.culprit.model import Edge
from graph.culprit.words import amount
from graph.questions.difference import EdgeDifference
from graph.questions.variation import Change

_CARRIES = ("requests", "opened", "bytes")  # what is said of an edge that was not there at both times


def label(edge: Edge, titles: Mapping[str, str]) -> str:
    """Return an edge for people."""
    server = "itself" if edge.client == edge.server else titles[edge.server]
    return f"{titles[edge.client]} → {server} {edge.port}"


def changed(one: Change) -> str:
    """Return how a measure changed."""
    values = f"{amount(one.before, one.measure)} → {amount(one.after, one.measure)}"
    usual = "its past is not known"
    if one.usual is not None:
        usual = f"usually {amount(one.usual, one.measure)}, {abs(one.out):.0f} times its usual spread"
    return f"{MEASURES[one.measure].title} {values} ({usual})"


def carried(one: EdgeDifference) -> str:
    """Return what an edge carried that was not there at both times."""
    found = {each.measure: max(each.before, each.after) for each in one.measures}
    return ", ".join(f"{amount(found[name], name)} {MEASURES[name].title}" for name in _CARRIES if found.get(name))

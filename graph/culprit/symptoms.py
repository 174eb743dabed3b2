"""The symptom: what somebody complains of, or the trouble of which no caller is in trouble itself."""

from graph.culprit.departures import NAMED, OUT
from graph.culprit.flow import At, of_edge
from graph.culprit.model import Evidence, Measured
from graph.culprit.troubles import TROUBLES, Calls


def symptoms(calls: Calls, evidence: Evidence) -> dict[At, float]:
    """Return the places of a symptom by their share of it: those of a node or an edge, or of all that is in trouble."""
    symptom = evidence.symptom
    if symptom in calls.edges:
        places = {At(symptom, trouble): calls.on[symptom].of(trouble) for trouble in TROUBLES}
    elif symptom:
        asked = [symptom] if symptom in calls.to else sorted({edge.server for edge in calls.out_of[symptom]})
        places = {At(node, trouble): calls.to[node].of(trouble) for node in asked for trouble in TROUBLES}
        if not any(found for place, found in places.items() if _meant(place, evidence)):
            places = _below(calls, asked)
    else:
        places = _first(calls)
    least = NAMED if symptom else OUT
    outs = {
        place: found.out**2
        for place, found in places.items()
        if found and found.out >= least and _meant(place, evidence)
    }
    total = sum(outs.values())
    return {place: out / total for place, out in outs.items()}


def _meant(place: At, evidence: Evidence) -> bool:
    return evidence.trouble in ("", place.trouble)


def _below(calls: Calls, nodes: list[str]) -> dict[At, Measured | None]:
    """Return the nearest trouble that some nodes depend on, for a symptom that does not show itself."""
    seen, here = set(nodes), list(nodes)
    while here:
        edges = [edge for node in here for edge in calls.out_of[node]]
        places = {
            of_edge(calls, edge, trouble): found
            for trouble in TROUBLES
            for edge, found in calls.troubled(trouble, edges)
            if found.out >= OUT
        }
        if places:
            return dict(places)
        here = sorted({edge.server for edge in edges} - seen)
        seen.update(here)
    return {}


def _first(calls: Calls) -> dict[At, Measured | None]:
    """Return the trouble of which no caller is in trouble itself."""
    in_trouble = {node for node, state in calls.to.items() if state.worst >= OUT}
    nodes = {
        node for node in in_trouble if not any(edge.client in in_trouble for edge in calls.into[node])
    } or in_trouble
    places = {At(node, trouble): calls.to[node].of(trouble) for node in sorted(nodes) for trouble in TROUBLES}
    for name, edge in calls.edges.items():
        if edge.server not in in_trouble and edge.client not in in_trouble:
            places |= {At(name, trouble): calls.on[name].of(trouble) for trouble in TROUBLES}
    return places

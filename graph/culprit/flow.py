"""Blame flows from the symptom down the calls: a caller whose added time is that of its callees is not the culprit.

All the blame is at the symptom first. At each node, what the callees add to its trouble takes blame along, as much as
it explains; the rest stays. So blame is the share of the symptom that a subject explains by itself.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from graph.culprit.model import Edge
from graph.culprit.troubles import TROUBLES, Calls, State, Trouble

GAIN = 2.0  # quantiles do not add up, and callees are asked at the same time: what they explain counts so often
OTHER = 0.7  # of the rest, if callees are in another trouble: who waits too long gives up, who fails is asked again
_ROUNDS = 24  # a path is not longer; what still goes round then stays
_LEAST = 1e-4


class At(NamedTuple):
    """A place of blame: a node, or an edge (by its id), and its trouble."""

    subject: str
    trouble: Trouble


class Flow(NamedTuple):
    """Blame by place, and from where most of it came."""

    own: dict[At, float]
    came_from: dict[At, At]


def flow(calls: Calls, symptoms: Mapping[At, float]) -> Flow:
    """Let blame flow from the symptoms to where it stays."""
    own: dict[At, float] = defaultdict(float)
    most: dict[At, float] = defaultdict(float)
    came_from: dict[At, At] = {}
    here = dict(symptoms)
    splits: dict[At, dict[At, float]] = {}
    for _ in range(_ROUNDS):
        then: dict[At, float] = defaultdict(float)
        for place, blame in sorted(here.items()):
            if place not in splits:
                splits[place] = _split(calls, place)
            for target, share in splits[place].items():
                part = blame * share
                if target == place:
                    own[place] += part
                elif part >= _LEAST:
                    then[target] += part
                    if part > most[target] and target not in symptoms:
                        most[target], came_from[target] = part, place
        here = then
    for place, blame in here.items():
        own[place] += blame
    return Flow(dict(own), came_from)


def path(found: Flow, place: At, subject: str) -> list[str]:
    """Return the hops from the symptom to a suspect."""
    hops = [place]
    while (before := found.came_from.get(hops[-1])) and before not in hops:
        hops.append(before)
    names = list(dict.fromkeys(hop.subject for hop in reversed(hops)))
    return names if names[-1] == subject else [*names, subject]


def of_edge(calls: Calls, edge: Edge, trouble: Trouble) -> At:
    """Return where the blame for an edge's trouble goes: to its server, if that is in trouble for all its clients."""
    server = calls.to[edge.server]
    if server.of(trouble) or len(calls.into[edge.server]) == 1:
        return At(edge.server, trouble)
    return At(edge.id, trouble)


def _split(calls: Calls, place: At) -> dict[At, float]:
    """Return which share of the blame at a place goes where; its own share is at the place itself."""
    edge = calls.edges.get(place.subject)
    node = edge.server if edge else place.subject
    state: State | None = calls.on[edge.id] if edge else calls.to.get(node)
    if state is None or not state.of(place.trouble):
        return {place: 1.0}
    added = {
        trouble: [
            (of_edge(calls, edge, trouble), calls.calls(edge) * calls.on[edge.id].added(trouble), one.out)
            for edge, one in calls.troubled(trouble, calls.out_of[node])
        ]
        for trouble in TROUBLES
    }
    shares: dict[At, float] = defaultdict(float)
    same = added[place.trouble]
    total = sum(amount for _, amount, _ in same)
    explained = min(1.0, GAIN * total / max(state.added(place.trouble), 1e-12))
    for target, amount, _ in same:
        shares[target] += explained * amount / total
    rest = 1.0 - explained
    # Who waits for slow answers in vain is slow as well.
    also = [trouble for trouble in TROUBLES if trouble != place.trouble and (trouble == "failing" or state.of(trouble))]
    others = [one for trouble in also for one in added[trouble]]
    if others and rest > 0:
        outs = sum(out for _, _, out in others)
        for target, _, out in others:
            shares[target] += OTHER * rest * out / outs
        rest -= OTHER * rest
    if rest > 0:
        shares[place] += rest
    return shares

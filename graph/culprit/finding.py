"""Find the culprit: what the symptom is, where its blame flows to, and what is behind that."""

from collections import defaultdict

from graph.culprit.around import with_context
from graph.culprit.causes import Cause, Causes
from graph.culprit.departures import split
from graph.culprit.flow import Flow, flow, path
from graph.culprit.gone import gone
from graph.culprit.load import alone
from graph.culprit.model import Answer, Evidence, Kind, Measured, Suspect
from graph.culprit.network import Network
from graph.culprit.running import Running
from graph.culprit.standing import standing
from graph.culprit.starting import began
from graph.culprit.symptoms import symptoms
from graph.culprit.troubles import Calls
from graph.culprit.zones import KEPT, Best, merge

_LEAST_BLAME = 0.01
_MOST_SUSPECTS = 10


def find(evidence: Evidence) -> Answer:
    """Return the suspects of a symptom, the likeliest first; none where nothing departs from its own past."""
    step_s = (evidence.times[1] - evidence.times[0]) / 1000 if len(evidence.times) > 1 else 1.0
    start = evidence.began if evidence.began is not None else began(evidence, step_s)
    at = split(evidence.times, start)
    calls = Calls(evidence.edges, at, step_s)
    running = Running(evidence.nodes, at, step_s)
    places = symptoms(calls, evidence)
    found = flow(calls, places)
    network = Network(evidence.links, at)
    causes = Causes(calls, running, network, at, found.own)
    suspects = (
        _suspects(causes, found, running)
        or gone(calls, evidence)
        or alone(calls, evidence, step_s)
        or _by_themselves(evidence, running, network)
    )
    answer = Answer(
        began=start,
        symptom=evidence.symptom,
        suspects=suspects,
        standing=[] if suspects else standing(evidence, at, step_s),
    )
    return with_context(answer, calls, running, evidence.witnesses)


def _suspects(causes: Causes, found: Flow, running: Running) -> list[Suspect]:
    blame: dict[str, float] = defaultdict(float)
    best: Best = {}
    for place, whole in sorted(found.own.items()):
        share = whole * running.believed(place.subject)
        for cause in causes.behind(place):
            part = share * cause.share
            here = [(cause, part)]
            if cause.subject != place.subject:
                kept = Cause(place.subject, place.trouble, 1.0, cause.reasons[-1:])
                here = [(cause, part * (1 - KEPT)), (kept, part * KEPT)]
            for each, weight in here:
                blame[each.subject] += weight
                if each.subject not in best or weight > best[each.subject][0]:
                    best[each.subject] = (weight, place, each)
    merge(blame, best, running)
    ranked = sorted(
        (subject for subject in blame if blame[subject] >= _LEAST_BLAME), key=lambda one: (-blame[one], one)
    )
    return [
        Suspect(
            subject=subject,
            kind=best[subject][2].kind,
            blame=blame[subject],
            path=path(found, best[subject][1], subject),
            reasons=best[subject][2].reasons,
        )
        for subject in ranked[:_MOST_SUSPECTS]
    ]


def _by_themselves(evidence: Evidence, running: Running, network: Network) -> list[Suspect]:
    """Return nodes that depart where nobody who asks them is in trouble, or none is seen to ask."""
    near = {evidence.symptom, *running.hosts(evidence.symptom)} if evidence.symptom else set(running.nodes)
    found: list[tuple[float, str, Kind, list[Measured]]] = []
    for node in sorted(near):
        silent, held = running.silent(node), running.held(node)
        if silent:
            found.append((silent.out, node, "silent", [silent]))
        elif host := network.culprit([node]):
            found.append((max(one.out for one in network.reasons[host]), node, "network", network.reasons[host]))
        elif held:
            found.append((max(one.out for one in held), node, "resources", held))
    total = sum(abs(out) for out, *_ in found)
    return [
        Suspect(subject=node, kind=kind, blame=abs(out) / total, path=[node], reasons=reasons)
        for out, node, kind, reasons in sorted(found, key=lambda each: (-abs(each[0]), each[1]))[:_MOST_SUSPECTS]
    ]

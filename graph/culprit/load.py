"""More requests than usual: who sends them, up the calls to where they begin."""

from msgspec.structs import replace

from graph.culprit.departures import NAMED, OUT, rises
from graph.culprit.model import Evidence, Measured, Suspect
from graph.culprit.troubles import Calls, State

SURGE = 1.35  # times the usual requests
AGAIN = 2  # times somebody asks again for what failed: that is no surge
_FURTHER = 1.2  # times the usual requests, at a caller that passes a surge on
_MOST_HOPS = 16
ALONE = 2.0  # times the usual requests, for a surge that troubles nobody
_ENOUGH = 20  # requests a step: of fewer, twice as many may be chance


def surges(state: State) -> bool:
    """Return whether many more requests come than usual."""
    return _more(state, SURGE)


def _are_new(state: State) -> bool:
    """Return whether more requests come than those who ask again for what failed can send."""
    return _more(state, SURGE + AGAIN * (state.failing.now if state.failing else 0.0))


def _more(state: State, times: float) -> bool:
    return state.asked is not None and rises(state.asked, NAMED) and state.asked.now >= times * state.asked.usual


def origin(calls: Calls, node: str) -> tuple[str, list[Measured]]:
    """Return where the additional requests to a node begin, and what rose on the way; the node if they are repeated."""
    first = node
    found: list[Measured] = []
    seen = {node}
    for _ in range(_MOST_HOPS):
        rising = [
            (one.now - one.usual, edge)
            for edge in calls.into[node]
            if (one := calls.on[edge.id].asked) and _more(calls.on[edge.id], _FURTHER) and edge.client not in seen
        ]
        if not rising:
            break
        _, edge = max(rising, key=lambda each: (each[0], each[1].id))
        asked = calls.on[edge.id].asked
        found += [asked] if asked else []
        node = edge.client
        seen.add(node)
        if node not in calls.to or not _more(calls.to[node], _FURTHER):
            return (node if _are_new(calls.on[edge.id]) else first), found
    return first, found


def alone(calls: Calls, evidence: Evidence, step_s: float) -> list[Suspect]:
    """Return who asks for far more than usual where nobody is in trouble yet."""
    found: dict[str, Suspect] = {}
    for node in [evidence.symptom] if evidence.symptom else sorted(calls.to):
        state = calls.to.get(node)
        asked = state.asked if state else None
        if state is None or asked is None or asked.out < OUT or not _more(state, ALONE):
            continue
        if asked.usual * step_s >= _ENOUGH:
            source, rose = origin(calls, node)
            path = list(dict.fromkeys((node, source)))
            found.setdefault(
                source, Suspect(subject=source, kind="surge", blame=1.0, path=path, reasons=rose or [asked])
            )
    return [replace(one, blame=1 / len(found)) for one in found.values()]

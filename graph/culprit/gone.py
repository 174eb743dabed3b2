"""Requests that stopped: nobody is late and nothing fails, for nothing is asked. Up the calls, who asks no more."""

from msgspec.structs import replace

from graph.culprit.departures import OUT
from graph.culprit.model import Evidence, Measured, Suspect
from graph.culprit.troubles import Calls, State

_GONE = 0.1  # of the usual requests: with fewer, they have stopped
_MOST_HOPS = 16


def gone(calls: Calls, evidence: Evidence) -> list[Suspect]:
    """Return who asks no more, where requests to the symptom, or to anybody, have stopped."""
    nodes = [evidence.symptom] if evidence.symptom else sorted(calls.to)
    found: dict[str, Suspect] = {}
    for node in nodes:
        if node in calls.to and (reason := _stopped(calls.to[node])):
            path, reasons = _up(calls, node)
            found.setdefault(
                path[-1], Suspect(subject=path[-1], kind="gone", blame=1.0, path=path, reasons=[reason, *reasons])
            )
    return [replace(one, blame=1 / len(found)) for one in found.values()]


def _stopped(state: State) -> Measured | None:
    asked = state.asked
    return asked if asked and asked.out <= -OUT and asked.now <= _GONE * asked.usual else None


def _up(calls: Calls, node: str) -> tuple[list[str], list[Measured]]:
    """Return the way up from a node to who asks no more, and what stopped there."""
    path, reasons = [node], []
    for _ in range(_MOST_HOPS):
        stopped = [(one.usual, edge) for edge in calls.into[path[-1]] if (one := _stopped(calls.on[edge.id]))]
        above = [(usual, edge) for usual, edge in stopped if edge.client not in path]
        if not above:
            break
        _, edge = max(above, key=lambda each: (each[0], each[1].id))
        path.append(edge.client)
        reasons += [found for found in [calls.on[edge.id].asked] if found]
        if edge.client not in calls.to or not _stopped(calls.to[edge.client]):
            break
    return path, reasons

"""When the trouble began, if nobody says: the start from which on most departs."""

from graph.culprit.departures import OUT, split
from graph.culprit.model import Evidence
from graph.culprit.troubles import Calls

_TRIED = (5, 3, 10, 15, 20, 30, 45)  # minutes before the end; the first of equals


def began(evidence: Evidence, step_s: float) -> int:
    """Return when the trouble of the symptom began, ms; five minutes before the end if there is none."""
    end = evidence.times[-1] + round(step_s * 1000)
    starts = [end - minutes * 60_000 for minutes in _TRIED]
    return max(starts, key=lambda start: _troubled(evidence, start, step_s))


def _troubled(evidence: Evidence, start: int, step_s: float) -> float:
    """Return how much departs from a start on."""
    calls = Calls(evidence.edges, split(evidence.times, start), step_s)
    states = {**calls.on, **calls.to}
    chosen = [states[evidence.symptom]] if evidence.symptom in states else states.values()
    return sum(state.worst for state in chosen if state.worst >= OUT)

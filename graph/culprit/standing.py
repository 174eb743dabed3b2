"""Trouble that departs from no past, because it was always there: judged by the limits of health alone."""

import math
from collections.abc import Mapping
from statistics import median

from graph.culprit import sums
from graph.culprit.departures import Split
from graph.culprit.flow import At, flow, path
from graph.culprit.measures import MEASURES
from graph.culprit.model import Evidence, Measured, Suspect, Values
from graph.culprit.symptoms import symptoms
from graph.culprit.troubles import Calls, State
from schemas.health import BAD_SHARE, SLOW

_LEAST_FAILED = 5  # requests: fewer are chance
_LEAST_BLAME = 0.02
_OFTEN = 0.75  # in one step of four: what is slow now and then may be fine in between
_SLOWER = next(rule.bad for rule in SLOW if rule.bad)  # than half of the answers, for one in twenty to be slow


class Standing(Calls):
    """Calls judged by what is bad by itself: requests that fail, answers of which one in twenty is far slower."""

    def state(self, subject: str, series: Mapping[str, Values]) -> State:
        """Return how a subject does, by limits."""
        failing, slow = self._failing(subject, series), self._slow(subject, series)
        known = super().state(subject, series)
        return known._replace(failing=failing, slow=slow, mean=None)

    def _failing(self, subject: str, series: Mapping[str, Values]) -> Measured | None:
        share = _now(sums.failing(series), self._at)
        failed = sum(_known(series.get("failed", ()), self._at)) * self._step_s
        if share is None or failed < _LEAST_FAILED or share < BAD_SHARE:
            return None
        return _measured(subject, "failing", 0.0, share)

    def _slow(self, subject: str, series: Mapping[str, Values]) -> Measured | None:
        half, times = _now(series.get("p50", ()), self._at), sorted(_known(series.get("p95", ()), self._at))
        most = times[math.ceil(_OFTEN * (len(times) - 1))] if times else None
        if half is None or most is None or most < max(_SLOWER.times * half, half + _SLOWER.ms):
            return None
        return _measured(subject, "p95", half, most)


def standing(evidence: Evidence, at: Split, step_s: float) -> list[Suspect]:
    """Return where trouble is that was always there, the worst first."""
    calls = Standing(evidence.edges, at, step_s)
    first = symptoms(calls, evidence)
    found = flow(calls, dict.fromkeys(first, 1 / max(len(first), 1)))
    places = sorted(place for place, blame in found.own.items() if blame >= _LEAST_BLAME)
    suspects = []
    for place in places:
        state = calls.on.get(place.subject) or calls.to[place.subject]
        reason = state.of(place.trouble)
        suspects.append(
            Suspect(
                subject=_where(calls, place),
                kind=place.trouble,
                blame=found.own[place],
                path=path(found, place, place.subject),
                reasons=[reason] if reason else [],
            )
        )
    return sorted(suspects, key=lambda one: (-one.blame, one.subject))


def _where(calls: Calls, place: At) -> str:
    """Return the edge, where one client alone is in trouble with a server."""
    troubled = calls.troubled(place.trouble, calls.into.get(place.subject, ()))
    return troubled[0][0].id if len(troubled) == 1 else place.subject


def _measured(subject: str, name: str, usual: float, now: float) -> Measured:
    return Measured(subject=subject, measure=name, usual=usual, now=now, out=(now - usual) / MEASURES[name].floor)


def _known(values: Values, at: Split) -> list[float]:
    return [value for index in at.now if index < len(values) and (value := values[index]) is not None]


def _now(values: Values, at: Split) -> float | None:
    known = _known(values, at)
    return median(known) if known else None

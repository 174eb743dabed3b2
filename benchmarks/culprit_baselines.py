"""What a culprit finder has to beat: chance, the greatest z score, and BARO's robust scaler, without the graph.

BARO (FSE'24) ranks by how far the values after the start are from the median before it, in ranges between quartiles.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from random import Random
from statistics import fmean, median, pstdev, quantiles

from graph.culprit.model import Evidence

_FLAT = 1e-6  # the spread of a series that does not vary
_LEAST = 4


def by_chance(evidence: Evidence, random: Random) -> list[str]:
    """Return the subjects in any order."""
    subjects = sorted(_series(evidence))
    random.shuffle(subjects)
    return subjects


def by_z_score(evidence: Evidence) -> list[str]:
    """Return the subjects by how many standard deviations the mean after the start is off."""
    return _ranked(evidence, lambda usual, now: abs(fmean(now) - fmean(usual)) / max(pstdev(usual), _FLAT))


def as_baro(evidence: Evidence) -> list[str]:
    """Return the subjects by the greatest distance from the median, in ranges between quartiles."""

    def score(usual: list[float], now: list[float]) -> float:
        low, _, high = quantiles(usual, n=4)
        middle = median(usual)
        return max(abs(value - middle) for value in now) / max(high - low, _FLAT)

    return _ranked(evidence, score)


def _ranked(evidence: Evidence, score: Callable[[list[float], list[float]], float]) -> list[str]:
    began = evidence.began or 0
    scores: dict[str, float] = {}
    for subject, found in _series(evidence).items():
        best = 0.0
        for values in found:
            known = [(time, value) for time, value in zip(evidence.times, values, strict=True) if value is not None]
            usual = [value for time, value in known if time < began]
            now = [value for time, value in known if time >= began]
            if len(usual) >= _LEAST and now:
                best = max(best, score(usual, now))
        scores[subject] = best
    return sorted(scores, key=lambda subject: (-scores[subject], subject))


def _series(evidence: Evidence) -> Mapping[str, Sequence[Sequence[float | None]]]:
    """Return all series of each subject that may be a culprit: its own, and those of the edges to it."""
    found: dict[str, list[Sequence[float | None]]] = defaultdict(list)
    for subject, series in _all(evidence):
        found[subject] += series
    return found


def _all(evidence: Evidence) -> Iterator[tuple[str, list[Sequence[float | None]]]]:
    for node in evidence.nodes:
        yield node.of or node.id, list(node.series.values())
        for zone in node.inside if node.id.startswith("host:") else ():
            yield zone, list(node.series.values())
    for edge in evidence.edges:
        yield edge.server, list(edge.series.values())
        yield edge.client, [values for name, values in edge.series.items() if name in ("requests", "opened")]
    for link in evidence.links:
        yield link.client, list(link.series.values())
        yield link.server, list(link.series.values())

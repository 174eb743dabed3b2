"""What Grafana makes of a rule's numbers over time: pending, firing, resolved.

A row is pending from the first evaluation that finds it beyond the threshold, and fires once it has been so for
`holds`. It is resolved by the first evaluation that finds it within the threshold, by one without any rows, or by the
second in a row that lacks it while others are there ("Stale alert instances" in Grafana's documentation).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from dashboards.alerts.rule import Rule

Labels = tuple[tuple[str, str], ...]
Numbers = Mapping[Labels, float]

NO_ROWS: Labels = ()  # the labels of a rule that fires because nothing was found at all
_STALE = 2  # evaluations


class Firing(NamedTuple):
    """One alert: when a rule began to fire for these labels, and when it was resolved; times in ms.

    `until` is None if it still fires in the last evaluation. `most` is the greatest number while it fired.
    """

    rule: Rule
    labels: Labels
    since: int
    until: int | None
    most: float


@dataclass(slots=True)
class _Instance:
    beyond_since: int
    fires_since: int | None = None
    most: float = 0.0
    lacking: int = 0


def numbers(rows: Iterable[Mapping[str, Any]]) -> dict[Labels, float]:
    """Return the number of each row of a rule's query by its labels, which are its texts."""
    found: dict[Labels, float] = {}
    for row in rows:
        labels = tuple((name, value) for name, value in row.items() if isinstance(value, str))
        (number,) = (value for value in row.values() if not isinstance(value, str))
        found[labels] = float(number)
    return found


def firings(rule: Rule, evaluations: Iterable[tuple[int, Numbers]]) -> list[Firing]:
    """Return what would have fired, by when it began. `evaluations` are times and what the query gave then."""
    alive: dict[Labels, _Instance] = {}
    ended: list[Firing] = []

    def resolve(labels: Labels, at: int | None) -> None:
        one = alive.pop(labels)
        if one.fires_since is not None:
            ended.append(Firing(rule, labels, one.fires_since, at, one.most))

    for at, found in evaluations:
        beyond = {labels: number for labels, number in found.items() if number > rule.beyond}
        if not found and rule.nothing == "Alerting":
            beyond = {NO_ROWS: 0.0}
        for labels in list(alive):
            if labels in beyond:
                continue
            alive[labels].lacking += 1
            if not found or labels in (NO_ROWS, *found) or alive[labels].lacking >= _STALE:
                resolve(labels, at)
        for labels, number in beyond.items():
            one = alive.setdefault(labels, _Instance(at))
            one.lacking = 0
            if at - one.beyond_since >= rule.holds * 1000:
                one.fires_since = at if one.fires_since is None else one.fires_since
                one.most = max(one.most, number)
    for labels in list(alive):
        resolve(labels, None)
    return sorted(ended, key=lambda one: (one.since, one.labels))

"""The answer in words, for the terminal and the page."""

import math
from collections.abc import Callable, Mapping

from msgspec import Struct

from graph.culprit.measures import MEASURES
from graph.culprit.model import Answer, Evidence, Kind, Measured, Suspect

_KINDS: Mapping[Kind, str] = {
    "slow": "answers later than usual",
    "failing": "fails",
    "surge": "asks for more than usual",
    "network": "has a network that loses or delays packets",
    "resources": "is held back",
    "silent": "fell silent",
    "gone": "asks no more",
}
_STANDING: Mapping[Kind, str] = {
    "slow": "takes {now} for one answer in twenty, and {usual} for half of them",
    "failing": "fails in {now} of the requests",
}
_OTHERS = 3
_SIZES = ("B", "KiB", "MiB", "GiB", "TiB")


class Words(Struct, frozen=True, kw_only=True):
    """Sentences: the culprit, what speaks against it, the way to it, others, and what is around."""

    culprit: str
    because: list[str]
    way: list[str]
    others: list[str]
    ruled_out: list[str]
    not_known: list[str]
    standing: list[str]
    witnesses: list[str]


class Names:
    """The titles of all that an answer names."""

    def __init__(self, evidence: Evidence, titles: Mapping[str, str]) -> None:
        hosts = {node.id for node in evidence.nodes if node.id.startswith("host:")}
        self._titles = {node: f"host {title}" if node in hosts else title for node, title in titles.items()}
        for edge in (*evidence.edges, *evidence.links):
            self._titles[edge.id] = f"{self.of(edge.client)} → {self.of(edge.server)} {edge.port}".strip()
        for node in evidence.nodes:
            if node.of:
                self._titles[node.id] = f"{self.of(node.of)} on {', '.join(map(self.of, node.inside))}"

    def of(self, subject: str) -> str:
        """Return the title of a subject."""
        return self._titles.get(subject) or subject.partition(":")[2] or subject

    def known(self, ids: set[str]) -> dict[str, str]:
        """Return the ids of some subjects by their titles."""
        return {self.of(subject): subject for subject in sorted(ids, reverse=True)}


def words(answer: Answer, names: Names, clock: Callable[[int], str]) -> Words:
    """Write an answer; `clock` writes times."""
    first = answer.suspects[0] if answer.suspects else None
    return Words(
        culprit=_culprit(first, names) if first else _nobody(answer, names),
        because=[_measured(found, names, first.subject) for found in _distinct(first.reasons)] if first else [],
        way=_way(answer, first, names) if first else [_measured(found, names) for found in answer.measured],
        others=[f"{names.of(one.subject)} ({one.blame:.0%})" for one in answer.suspects[1 : 1 + _OTHERS]],
        ruled_out=[
            f"{names.of(one.subject)}: explained by {names.of(one.by)}"
            if one.by
            else f"{names.of(one.subject)}: as usual" + (f" ({_value(one.measured[0])})" if one.measured else "")
            for one in answer.ruled_out
        ],
        not_known=[_named(line, names) for line in answer.not_known],
        standing=[
            f"{names.of(one.subject)} {_STANDING[one.kind].format(**_numbers(found))}"
            for one in answer.standing
            for found in one.reasons
        ],
        witnesses=[f"{clock(one.time)} {one.text}" for one in (first.witnesses if first else [])],
    )


def _culprit(first: Suspect, names: Names) -> str:
    return f"{names.of(first.subject)} {_KINDS[first.kind]}: it explains {min(first.blame, 1):.0%} of the trouble"


def _nobody(answer: Answer, names: Names) -> str:
    where = f" near {names.of(answer.symptom)}" if answer.symptom else ""
    return f"nothing{where} departs from its own past"


def _way(answer: Answer, first: Suspect, names: Names) -> list[str]:
    found = {hop: [one for one in answer.measured if _is_of(one, hop)] for hop in first.path}
    lines = []
    for hop in first.path:
        values = "; ".join(f"{MEASURES[one.measure].title} {_value(one)}" for one in found[hop])
        lines.append(f"{names.of(hop)}{': ' if values else ''}{values}")
    return lines


def _is_of(found: Measured, hop: str) -> bool:
    return found.subject == hop or f" → {hop} " in f"{found.subject} "


def _distinct(reasons: list[Measured]) -> list[Measured]:
    return list({(found.subject, found.measure): found for found in reasons}.values())


def _measured(found: Measured, names: Names, subject: str = "") -> str:
    of = "" if found.subject == subject else f"{names.of(found.subject)}: "
    return f"{of}{MEASURES[found.measure].title} {_value(found)}, {abs(found.out):.0f} times its usual spread"


def _value(found: Measured) -> str:
    return "{now}, usually {usual}".format(**_numbers(found))


def _numbers(found: Measured) -> dict[str, str]:
    return {"now": amount(found.now, found.measure), "usual": amount(found.usual, found.measure)}


def amount(value: float, measure: str) -> str:
    """Write a value of a measure with its unit."""
    unit = MEASURES[measure].unit
    if unit == "%":
        return f"{plain(100 * value)} %"
    if unit == "B/s":
        power = min(int(math.log(max(value, 1), 1024)), len(_SIZES) - 1)
        return f"{plain(value / 1024**power)} {_SIZES[power]}/s"
    return f"{plain(value)}{unit}" if unit == "/s" else f"{plain(value)} {unit}"


def plain(value: float) -> str:
    """Write a number with three digits, never as 1e+03."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _named(line: str, names: Names) -> str:
    return " ".join(names.of(word) if ":" in word else word for word in line.split(" "))

"""How often the culprit is found: first, and among the first three; and how often a quiet time has one.

Simulated fleets of 20 to 200 services have one of 13 kinds of faults, with the start as it was, and a minute wrong.
PetShop (Amazon; CC BY 4.0) has labelled incidents; it is read from beside this repository, where it is there.
The seeds are not those with which the finder was made.
"""

from collections.abc import Callable, Iterator
from random import Random
from typing import NamedTuple

from msgspec import structs

from benchmarks.culprit_baselines import as_baro, by_chance, by_z_score
from benchmarks.culprit_fleets import KINDS, case
from benchmarks.culprit_petshop import FOLDER, incidents, quiet
from benchmarks.result import Goal, Result
from graph.culprit.finding import find
from graph.culprit.model import Evidence

SEEDS = range(5_000, 5_024)  # of each kind: 312 cases
QUIET_SEEDS = range(5_000, 5_040)
WRONG_MS = 60_000
FIRST, FEW = 1, 3


class Asked(NamedTuple):
    """Evidence, and the culprit in it."""

    evidence: Evidence
    truth: str


def run() -> list[Result]:
    return [*_simulated(), *_petshop()]


def _simulated() -> Iterator[Result]:
    names = ("", ", start a minute wrong")
    hits: dict[str, list[int]] = {f"{who}{name}": [] for name in names for who in RANKED}
    by_kind: dict[str, list[int]] = {kind: [] for kind in KINDS}
    for kind in KINDS:
        for seed in SEEDS:
            made = case(seed, kind)
            right = Asked(made.evidence, made.truth)
            began = (right.evidence.began or 0) + (WRONG_MS if seed % 2 else -WRONG_MS)
            wrong = right._replace(evidence=structs.replace(right.evidence, began=began))
            for name, asked in zip(names, (right, wrong), strict=True):
                for who, ranked in RANKED.items():
                    hits[f"{who}{name}"].append(_rank(ranked(asked.evidence), asked.truth))
            by_kind[kind].append(hits["ours"][-1])
    for name in names:
        yield from _compared(
            f"fleets{name}", {who: hits[f"{who}{name}"] for who in RANKED}, 0.9, 0.97 if not name else None
        )
    for kind, ranks in by_kind.items():
        yield Result(name=f"culprit: {kind}, first", value=_share(ranks, FIRST), unit="of cases")
    found = [find(case(seed, "quiet").evidence).suspects for seed in QUIET_SEEDS]
    yield _quiet("fleets", sum(map(bool, found)) / len(found))


def _petshop() -> Iterator[Result]:
    cases = [Asked(incident.evidence, incident.truth) for incident in incidents(FOLDER)]
    if not cases:
        print(f"culprit: {FOLDER} is not there, so there is nothing of PetShop")
        return
    hits = {who: [_rank(ranked(asked.evidence), asked.truth) for asked in cases] for who, ranked in RANKED.items()}
    yield from _compared("PetShop", hits, 0.55, 0.75)
    times = quiet(FOLDER)
    found = [find(each).suspects or find(structs.replace(each, symptom="")).suspects for each in times]
    yield _quiet("PetShop", sum(map(bool, found)) / len(found))


def _ours(evidence: Evidence) -> list[str]:
    return [suspect.subject for suspect in find(evidence).suspects]


RANKED: dict[str, Callable[[Evidence], list[str]]] = {
    "ours": _ours,
    "like BARO": as_baro,
    "by z score": by_z_score,
    "by chance": lambda evidence: by_chance(evidence, Random(len(evidence.edges))),
}


def _rank(subjects: list[str], truth: str) -> int:
    """Return the place of the culprit, from 1 on; 0 if it is not there."""
    return subjects.index(truth) + 1 if truth in subjects else 0


def _share(ranks: list[int], most: int) -> float:
    return sum(0 < rank <= most for rank in ranks) / len(ranks)


def _compared(name: str, hits: dict[str, list[int]], first: float, few: float | None) -> Iterator[Result]:
    for who in list(RANKED)[1:]:
        for most, goal in ((FIRST, first), (FEW, few)):
            yield Result(
                name=f"culprit: {name}, {'first' if most == FIRST else 'first three'}",
                value=_share(hits["ours"], most),
                unit="of cases",
                against=who,
                against_value=_share(hits[who], most),
                goal=None if goal is None else Goal(op=">=", number=goal, of="value"),
            )


def _quiet(name: str, share: float) -> Result:
    goal = Goal(op="<=", number=0.05, of="value")
    return Result(name=f"culprit: {name}, quiet but accused", value=share, unit="of cases", goal=goal)

"""The maps of a store beside the truth: read at every level, and scored."""

from collections.abc import Collection, Iterator
from contextlib import closing
from typing import NamedTuple

import msgspec
from msgspec import Struct

from graph.clusters import clusters
from graph.levels import LEVELS
from graph.model import ServiceMap, Wanted
from graph.reading import read_map
from graph.requests import judged, requests_by_edge
from schemas.times import MINUTE_MS
from servicemap.columns import aligned
from servicemap.config import Config
from servicemap.options import Failure
from servicemap.parts import store_address
from servicemap.simulated.blaming import read_culprits
from simulation.expected import Truth
from simulation.score import EVENTS, Score, Share, lines, name_services, score, score_events
from simulation.score_clusters import ClusterScore, score_clusters
from simulation.score_culprits import Ranked
from sinks.store import Store, StoreError

BESIDE_MS = 2 * MINUTE_MS  # hosts whose clocks are wrong report before and after
MOST_LINES = 20  # the most sentences on what is wrong
_HEADINGS = {
    "edges_precision": "RIGHT",
    "edges_recall": "FOUND",
    "nodes_precision": "NODES RIGHT",
    "nodes_recall": "NODES FOUND",
}


_EVENTS = "SELECT kind, subject FROM events WHERE has(%(kinds)s, kind)"


class _EventRow(NamedTuple):
    kind: str
    subject: str


class Judged(Struct):
    """The score of maps, and what was inferred from them: clusters, and the culprits of faults."""

    score: Score
    clusters: ClusterScore
    culprits: list[Ranked]


def read_score(config: Config, truth: Truth, start: int, end: int, levels: Collection[str] = LEVELS.keys()) -> Judged:
    """Judge what is stored of [start, end), ms, which is all that there is."""
    low, high = start // MINUTE_MS * MINUTE_MS - BESIDE_MS, end // MINUTE_MS * MINUTE_MS + BESIDE_MS
    try:
        with closing(Store(store_address(config, write=False))) as store:

            def read(level: str) -> ServiceMap:
                found = read_map(store, Wanted(start=low, end=high, level=level))
                return judged(found, requests_by_edge(store, level, low, high), {})

            processes = read("process")
            called = {node.id: node.service for node in processes.nodes if node.kind == "process"}
            named = truth.called(called)
            scores = [score(named, read(level)) for level in LEVELS if level in levels and truth.has(level)]
            scores = [name_services(one, truth, called) if one.level == "service" else one for one in scores]
            culprits = [*read_culprits(store, named, [*truth.faults], start, end)]
            events = score_events(truth, store.rows(_EventRow, _EVENTS, {"kinds": sorted({*EVENTS.values()})}))
    except StoreError as error:
        raise Failure(str(error)) from None
    recognised = score_clusters(truth, processes, clusters(processes))
    return Judged(score=Score(levels=scores, events=events), clusters=recognised, culprits=culprits)


def table(found: Score) -> str:
    """Return the score as text, a line for each level."""
    names = [*found.levels[0].shares]
    headings = ["LEVEL", "EDGES", *(_HEADINGS.get(name, name.upper()) for name in names), "WRONG", "VAGUE", "NOT SEEN"]
    rows = [
        [
            one.level,
            f"{one.edges_recall.of:,}",
            *(_percent(one.shares[name]) for name in names),
            f"{len(one.wrong):,}",
            f"{len(one.vague):,}",
            f"{len(one.unprovable):,}",
        ]
        for one in found.levels
    ]
    return aligned(headings, rows, right=range(1, len(headings)))


def notes(found: Judged) -> Iterator[str]:
    """Yield sentences on events and clusters, and on what is not right."""
    for name, each in (("events of processes", found.score.events), ("clusters", found.clusters)):
        if each is not None and (each.recall.of or each.precision.of):
            right, known = each.precision, each.recall
            yield f"{name}: {known.right:,} of {known.of:,} found; {right.right:,} of {right.of:,} shown are right"
    for one in found.culprits:
        rank = f"suspect {one.rank} of {one.of}" if one.rank else f"none of {one.of} suspects"
        yield f"culprit of {one.fault}: {rank}"
    wrong = [*lines(found.score)]
    yield from wrong[:MOST_LINES]
    if len(wrong) > MOST_LINES:
        yield f"and {len(wrong) - MOST_LINES:,} more: --json has all"


def as_fields(found: Judged) -> dict[str, object]:
    """Return the score for programs: all of it, with the value of each share."""
    shares = {name: round(share.value, 6) for name, share in found.score.shares.items()}
    inferred = {"clusters": found.clusters, "culprits": found.culprits}
    return {"shares": shares, **msgspec.to_builtins(found.score), **msgspec.to_builtins(inferred)}


def _percent(share: Share) -> str:
    if not share.of:
        return "-"
    return "100 %" if share.right == share.of else f"{min(99.99, 100 * share.value):.2f} %"

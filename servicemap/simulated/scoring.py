"""The maps of a store beside the truth: read at every level, and scored."""

from collections.abc import Collection, Iterator
from contextlib import closing
from typing import NamedTuple

import msgspec

from graph.levels import LEVELS
from graph.model import ServiceMap, Wanted
from graph.reading import read_map
from graph.requests import judged, requests_by_edge
from schemas.times import MINUTE_MS
from servicemap.columns import aligned
from servicemap.config import Config
from servicemap.options import Failure
from servicemap.parts import store_address
from simulation.expected import Truth
from simulation.score import EVENTS, Score, Share, lines, name_services, score, score_events
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


def read_score(config: Config, truth: Truth, start: int, end: int, levels: Collection[str] = LEVELS.keys()) -> Score:
    """Return the score of what is stored of [start, end), ms, which is all that there is."""
    low, high = start // MINUTE_MS * MINUTE_MS - BESIDE_MS, end // MINUTE_MS * MINUTE_MS + BESIDE_MS
    try:
        with closing(Store(store_address(config, write=False))) as store:

            def read(level: str) -> ServiceMap:
                found = read_map(store, Wanted(start=low, end=high, level=level))
                return judged(found, requests_by_edge(store, level, low, high), {})

            called = {node.id: node.service for node in read("process").nodes if node.kind == "process"}
            named = truth.called(called)
            scores = [score(named, read(level)) for level in LEVELS if level in levels and truth.has(level)]
            scores = [name_services(one, truth, called) if one.level == "service" else one for one in scores]
            events = score_events(truth, store.rows(_EventRow, _EVENTS, {"kinds": sorted({*EVENTS.values()})}))
    except StoreError as error:
        raise Failure(str(error)) from None
    return Score(levels=scores, events=events)


def table(found: Score) -> str:
    """Return the score as text, a line for each level."""
    names = [*found.levels[0].shares]
    headings = ["LEVEL", "EDGES", *(_HEADINGS.get(name, name.upper()) for name in names), "WRONG", "NOT SEEN"]
    rows = [
        [
            one.level,
            f"{one.edges_recall.of:,}",
            *(_percent(one.shares[name]) for name in names),
            f"{len(one.wrong):,}",
            f"{len(one.unprovable):,}",
        ]
        for one in found.levels
    ]
    return aligned(headings, rows, right=range(1, len(headings)))


def notes(found: Score) -> Iterator[str]:
    """Yield sentences on events, and on what is not right."""
    if found.events is not None:
        known = found.events.recall
        yield f"events of processes: {known.right:,} of {known.of:,} found, {_percent(found.events.precision)} right"
    wrong = [*lines(found)]
    yield from wrong[:MOST_LINES]
    if len(wrong) > MOST_LINES:
        yield f"and {len(wrong) - MOST_LINES:,} more: --json has all"


def as_fields(found: Score) -> dict[str, object]:
    """Return the score for programs: all of it, with the value of each share."""
    shares = {name: round(share.value, 6) for name, share in found.shares.items()}
    return {"shares": shares, **msgspec.to_builtins(found)}


def _percent(share: Share) -> str:
    if not share.of:
        return "-"
    return "100 %" if share.right == share.of else f"{min(99.99, 100 * share.value):.2f} %"

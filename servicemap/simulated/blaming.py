"""Ask the store for the culprit of each fault of a simulation."""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from graph.culprit.finding import find
from graph.culprit.reading import read_evidence
from schemas.times import MINUTE_MS
from simulation.expected import Truth
from simulation.faults import Fault
from simulation.score_culprits import DEPART, Ranked, ranked
from sinks.store import Store

PAST_MS = 5 * MINUTE_MS  # without a past of so long, nothing departs from it
LOOK_MS = 5 * MINUTE_MS  # is looked at after the start of a fault


def read_culprits(store: Store, truth: Truth, faults: Sequence[Fault], start: int, end: int) -> Iterator[Ranked]:
    """Yield the rank of the culprit of each fault that has a past to depart from."""
    for fault in faults:
        began = start + round(fault.at_s * 1000)
        lasts = round(fault.for_s * 1000) or LOOK_MS
        if fault.kind in DEPART and began - start >= PAST_MS and began + MINUTE_MS <= end:
            found = read_evidence(store, "service", min(end, began + min(lasts, LOOK_MS)), began)
            yield ranked(fault, truth, find(replace(found.evidence, symptom="")))

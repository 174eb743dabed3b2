"""The answer of /api/values: what a field of filters has for values on the map of a range."""

from typing import Any

from answers.faults import BadRequest
from graph.annotations import by_host
from graph.filters.completing import on_map
from graph.filters.fields import FIELDS
from graph.filters.seen import Seen
from graph.model import Wanted
from graph.reading import read_map
from schemas.matching import unknown
from sinks.store import Store
from view.hosts import read_labels
from view.newest import read_newest
from view.parameters import ValuesAsked, time_range


def values_answer(store: Store, asked: ValuesAsked, now: int) -> dict[str, Any]:
    """Return the values, the most frequent first."""
    if asked.field not in FIELDS:
        raise BadRequest(unknown("field", asked.field, FIELDS))
    newest = read_newest(store, now)
    if not newest.end:
        return {"field": asked.field, "values": []}
    start, end = time_range(asked, newest.end)
    found = read_map(store, Wanted(start=start, end=end, level=asked.level))
    return {"field": asked.field, "values": on_map(asked.field, Seen(found, by_host(read_labels(store))))}

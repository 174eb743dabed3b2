"""The map of a range: which time it is of, and why it is empty where it is."""

from typing import Any, NamedTuple

from msgspec import structs

from answers.asked import Ranged
from answers.faults import NotThere
from answers.times import LATEST_MS, end_of_records, outside, time_range
from graph.annotations import with_annotations
from graph.asking import Store
from graph.filters.hints import hints as hints_of
from graph.filters.matching import filtered
from graph.filters.parsing import parse_filter
from graph.filters.reading import seen_by
from graph.model import ServiceMap, Wanted, iso_ms
from graph.overlays import narrowed, parse_wish
from graph.reading import names, read_map, stored
from graph.recorded import whole_minutes, windows_since
from graph.requests import judged, requests_by_edge, usual_by_edge
from graph.statement import map_statement
from schemas.matching import unknown
from schemas.text import shown
from schemas.times import iso


class Mapped(NamedTuple):
    """A map, its title, and sentences about it. `reason` says why nothing matches, "" where something does."""

    found: ServiceMap
    title: str
    notes: list[str]
    reason: str
    sql: str

    def about(self, *notes: str) -> dict[str, Any]:
        """Return what every answer has of the map, with more sentences; NotThere where nothing matches."""
        if self.reason:
            raise NotThere(self.reason)
        found = self.found
        times = {"start": found.start, "end": found.end, "level": found.level}
        return {**times, "notes": [*self.notes, *notes], "sql": self.sql}


def mapped(store: Store, asked: Ranged, wanted: Wanted, now: int) -> Mapped:
    """Read the map of a range; the times of `wanted` are those of the range."""
    present = end_of_records(store)
    requested = time_range(present, now, asked.since, asked.at)
    notes = []
    if asked.since is None and asked.at is None and now - present > LATEST_MS:
        notes.append(f"the newest data are of {iso(present)}; this map shows the minute before")
    span = stored(store, *requested)
    start, end = max(requested[0], span.begin), min(requested[1], present)
    if start >= end:
        reason = outside(*requested, span.begin, present)
        return Mapped(_nothing(*requested, wanted.level), "", notes, reason, "")
    if asked.since is not None and start > requested[0]:
        notes.append(f"the stored data begin at {iso(start)}")
    since_windows = windows_since(store)
    start, end = whole_minutes(since_windows, start, end)
    if start < since_windows:
        notes.append(
            f"windows before {iso(since_windows)} were dropped to make room on the disk (disk.percent): before that"
            " only whole minutes are left, without connections between bare addresses"
        )
    wanted = structs.replace(wanted, start=start, end=end)
    requests = requests_by_edge(store, wanted.level, start, end)
    usual = usual_by_edge(store, wanted.level, start) if requests else {}
    found = with_annotations(store, judged(read_map(store, wanted), requests, usual), end - 1)
    if wanted.overlay:
        found = narrowed(found, parse_wish(wanted.overlay))
    hints: list[str] = []
    if wanted.filter:
        by = parse_filter(wanted.filter)
        seen = seen_by(store, found, by, end)
        found = filtered(seen, by)
        hints = [] if found.nodes else hints_of(seen, by)
    title = f"map by {wanted.level} from {iso(start)} to {iso(end)} ({(end - start) / 1000:.0f} s)"
    reason = ""
    if not found.nodes:
        reason = _reason(store, wanted, title, hints, recorded=bool(span.covers))
        if not reason:
            notes.append(f"there are no connections in the {title}{_of(wanted)}")
    return Mapped(found, title, notes, reason, map_statement(wanted.level, start, end))


def _nothing(start: int, end: int, level: str) -> ServiceMap:
    return ServiceMap(start=iso_ms(start), end=iso_ms(end), level=level, nodes=[], edges=[])


def _reason(store: Store, wanted: Wanted, title: str, hints: list[str], *, recorded: bool) -> str:
    """Return why nothing matches: an unknown name, or a time without records; "" if a map is just empty."""
    filters = _filters(wanted)
    known = names(store) if filters else {}
    for kind, name in filters.items():
        if name not in known[kind]:
            return unknown(kind, name, known[kind]) + _other(kind, name, known)
    if wanted.overlay:
        return f"nothing on the {title} has the annotation {shown(wanted.overlay)}: see `servicemap overlay show`"
    if wanted.filter and recorded:
        return "; ".join([f"nothing on the {title} matches {shown(wanted.filter)}", *hints])
    return "" if recorded else f"nothing was recorded from {iso(wanted.start)} to {iso(wanted.end)}: no agent ran"


def _other(kind: str, name: str, known: dict[str, set[str]]) -> str:
    """Return a hint where a name is one of another kind."""
    return "".join(f" ({shown(name)} is a {each}: --{each})" for each in known if each != kind and name in known[each])


def _of(wanted: Wanted) -> str:
    return "".join(f" of the {kind} {shown(name)}" for kind, name in _filters(wanted).items())


def _filters(wanted: Wanted) -> dict[str, str]:
    return {kind: name for kind, name in (("service", wanted.service), ("host", wanted.host)) if name}

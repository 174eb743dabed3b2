"""`map`: find the time range, read its map, and print it."""

import sys
import time
from typing import NamedTuple

import click
import msgspec

from graph.annotations import with_annotations
from graph.filters.hints import hints as hints_of
from graph.filters.matching import filtered
from graph.filters.parsing import parse_filter
from graph.filters.reading import seen_by
from graph.levels import LEVELS
from graph.model import ServiceMap, Wanted, iso_ms
from graph.overlays import narrowed, parse_wish
from graph.reading import names, read_map, stored
from graph.recorded import whole_minutes, windows_since
from graph.requests import judged, requests_by_edge, usual_by_edge
from schemas.matching import unknown
from schemas.text import shown
from servicemap.config import Config
from servicemap.options import Failure, NothingMatches, iso
from servicemap.parts import store_address
from servicemap.printing import print_json
from servicemap.stored_times import end_of_records, outside
from sinks.store import Store, StoreError

LATEST_MS = 60_000
MOST_FAULTS = 10  # the most edges with faults that are printed


class Asked(NamedTuple):
    """A map that was asked for, and its title. `reason` says why nothing matches, "" where something does."""

    found: ServiceMap
    title: str
    reason: str = ""


def run(config: Config, since: int | None, at: int | None, form: str, wanted: Wanted) -> None:
    """Read the map and print it as `form`: text, dot or json. NothingMatches when it is empty."""
    asked = read(config, since, at, wanted)
    _print(asked.found, form, asked.title)
    if asked.reason:
        raise NothingMatches(asked.reason)
    if lacks(asked.found):
        level = LEVELS[asked.found.level].label.lower()
        print_note(f"no {level} are seen here; each end is shown by what else is known about it")


def read(config: Config, since: int | None, at: int | None, wanted: Wanted) -> Asked:
    """Read the map of a range; what is to be known of the range is printed on stderr."""
    store = Store(store_address(config, write=False))
    try:
        present = end_of_records(store)
        asked = time_range(present, int(time.time() * 1000), since, at)
        span = stored(store, *asked)
        start, end = max(asked[0], span.begin), min(asked[1], present)
        if start >= end:
            return Asked(_nothing(*asked, wanted.level), "", outside(*asked, span.begin, present))
        if since is not None and start > asked[0]:
            print_note(f"the stored data begin at {iso(start)}")
        since_windows = windows_since(store)
        start, end = whole_minutes(since_windows, start, end)
        if start < since_windows:
            print_note(
                f"windows before {iso(since_windows)} were dropped to make room on the disk (disk.percent): before that"
                " only whole minutes are left, without connections between bare addresses"
            )
        wanted = msgspec.structs.replace(wanted, start=start, end=end)
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
        reason = "" if found.nodes else _explain(store, wanted, title, hints, recorded=bool(span.covers))
        return Asked(found, title, reason)
    except StoreError as error:
        raise Failure(str(error)) from None
    finally:
        store.close()


def lacks(found: ServiceMap) -> bool:
    """Return whether a map has nodes, but none of its level, such as a map of pods where none runs."""
    level = LEVELS[found.level]
    return bool(found.nodes and level.parts) and not any(node.id.startswith(f"{level.name}:") for node in found.nodes)


def time_range(newest_end: int, now: int, since: int | None, at: int | None) -> tuple[int, int]:
    """Return the requested time range, ms: up to `at`, or up to the newest window.

    A host with a clock that is ahead does not move the present.
    """
    if since is None:
        end = at if at is not None else min(newest_end, now)
        if at is None and now - newest_end > LATEST_MS:
            print_note(f"the newest data are of {iso(newest_end)}; this map shows the minute before")
        return end - LATEST_MS, end
    return since, at if at is not None else max(now, since)


def _nothing(start: int, end: int, level: str) -> ServiceMap:
    return ServiceMap(start=iso_ms(start), end=iso_ms(end), level=level, nodes=[], edges=[])


def _explain(store: Store, wanted: Wanted, title: str, hints: list[str], *, recorded: bool) -> str:
    """Return why nothing matches: an unknown name, or a time without records; else print that a map is empty."""
    filters = {kind: name for kind, name in (("service", wanted.service), ("host", wanted.host)) if name}
    known = names(store) if filters else {}
    for kind, name in filters.items():
        if name not in known[kind]:
            return unknown(kind, name, known[kind]) + _other(kind, name, known)
    if wanted.overlay:
        return f"nothing on the {title} has the annotation {shown(wanted.overlay)}: see `servicemap overlay show`"
    if wanted.filter and recorded:
        return "; ".join([f"nothing on the {title} matches {shown(wanted.filter)}", *hints])
    if not recorded:
        return f"nothing was recorded from {iso(wanted.start)} to {iso(wanted.end)}: no agent ran"
    narrowed = "".join(f" of the {kind} {shown(name)}" for kind, name in filters.items())
    print_note(f"there are no connections in the {title}{narrowed}")
    return ""


def _other(kind: str, name: str, known: dict[str, set[str]]) -> str:
    """Return a hint where a name is one of another kind."""
    return "".join(f" ({shown(name)} is a {each}: --{each})" for each in known if each != kind and name in known[each])


def _print(found: ServiceMap, form: str, title: str) -> None:
    if form == "json":
        print_json(found.as_fields())
        return
    if form == "dot":
        from servicemap.exports.dot import text

        click.echo(text(found), nl=False)
        return
    from servicemap.map_text import fault_lines, headings, plain, rows, table

    named, cells = headings(found), rows(found)
    if not cells:
        return
    if sys.stdout.isatty():
        from rich.console import Console

        console = Console()
        console.print(table(title, named, cells, console.width))
    else:
        print_note(title)
        click.echo(plain(named, cells), nl=False)
    faults = fault_lines(found)
    for line in faults[:MOST_FAULTS]:
        print_note(line)
    if len(faults) > MOST_FAULTS:
        print_note(f"and {len(faults) - MOST_FAULTS} more edges with faults: --json has all of them, with reasons")


def print_note(sentence: str) -> None:
    """Print a sentence about an answer, beside it."""
    click.echo(f"servicemap: {sentence}", err=True)

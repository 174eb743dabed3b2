"""`map`: which stretch of time is meant, and how the map of it is told."""

import sys
import time

import click
import msgspec

from graph.model import ServiceMap, Wanted, iso_ms
from graph.reading import names, newest, read_map, stored
from graph.requests import judged, requests_by_edge, usual_by_edge
from schemas.text import shown
from servicemap.config import Config
from servicemap.matching import unknown
from servicemap.options import Failure, NothingMatches, iso
from servicemap.parts import store_address
from servicemap.printing import print_json
from sinks.store import Store, StoreError

LATEST_MS = 60_000
MOST_WRONG = 10  # edges that are named because they are not well


def run(config: Config, since: int | None, at: int | None, form: str, wanted: Wanted) -> None:
    """Read the map and print it as `form`: text, dot or json. NothingMatches where what is asked for is not there."""
    store = Store(store_address(config, write=False))
    try:
        present = newest(store)
        asked = stretch(present, int(time.time() * 1000), since, at)
        span = stored(store, *asked)
        start, end = max(asked[0], span.begin), min(asked[1], present)
        if start >= end:
            _print(_nothing(*asked, wanted.level), form, "")
            raise NothingMatches(_outside(*asked, span.begin, present))
        if since is not None and start > asked[0]:
            _tell(f"what is stored begins at {iso(start)}")
        wanted = msgspec.structs.replace(wanted, start=start, end=end)
        requests = requests_by_edge(store, wanted.level, start, end)
        usual = usual_by_edge(store, wanted.level, start) if requests else {}
        found = judged(read_map(store, wanted), requests, usual)
        title = f"map by {wanted.level} from {iso(start)} to {iso(end)} ({(end - start) / 1000:.0f} s)"
        _print(found, form, title)
        if not found.nodes:
            _explain(store, wanted, title, recorded=bool(span.covers))
    except StoreError as error:
        raise Failure(str(error)) from None
    finally:
        store.close()


def stretch(newest_end: int, now: int, since: int | None, at: int | None) -> tuple[int, int]:
    """Return the stretch of time that is meant, ms: up to `at`, or to the newest that is stored.

    A host whose clock is ahead does not move the present.
    """
    if not newest_end:
        raise Failure("nothing is stored yet: start `servicemap up`, or wait for its first windows")
    if since is None:
        end = at if at is not None else min(newest_end, now)
        if at is None and now - newest_end > LATEST_MS:
            _tell(f"the newest that is stored is of {iso(newest_end)}; this is the minute up to then")
        return end - LATEST_MS, end
    return since, at if at is not None else max(now, since)


def _outside(start: int, end: int, begin: int, present: int) -> str:
    when = f"since {iso(start)}" if start >= present else f"up to {iso(end)}"
    return f"nothing is stored {when}: what is stored is of {iso(begin)} to {iso(present)}"


def _nothing(start: int, end: int, level: str) -> ServiceMap:
    return ServiceMap(start=iso_ms(start), end=iso_ms(end), level=level, nodes=[], edges=[])


def _explain(store: Store, wanted: Wanted, title: str, *, recorded: bool) -> None:
    """Say why a map is empty; NothingMatches for a name that nobody has, or a time at which nobody looked."""
    filters = {kind: name for kind, name in (("service", wanted.service), ("host", wanted.host)) if name}
    known = names(store) if filters else {}
    for kind, name in filters.items():
        if name not in known[kind]:
            raise NothingMatches(unknown(kind, name, known[kind]) + _other(kind, name, known))
    if not recorded:
        raise NothingMatches(f"nothing was recorded from {iso(wanted.start)} to {iso(wanted.end)}: no agent ran")
    narrowed = "".join(f", {kind} {shown(name)} alone" for kind, name in filters.items())
    _tell(f"nobody talks to anybody in the {title}{narrowed}")


def _other(kind: str, name: str, known: dict[str, set[str]]) -> str:
    """Say that a name is of another kind."""
    return "".join(f" ({shown(name)} is a {each}: --{each})" for each in known if each != kind and name in known[each])


def _print(found: ServiceMap, form: str, title: str) -> None:
    if form == "json":
        print_json(found)
        return
    if form == "dot":
        from servicemap.map_dot import dot

        click.echo(dot(found), nl=False)
        return
    from servicemap.map_text import headings, plain, rows, table, wrong

    named, cells = headings(found), rows(found)
    if not cells:
        return
    if sys.stdout.isatty():
        from rich.console import Console

        console = Console()
        console.print(table(title, named, cells, console.width))
    else:
        _tell(title)
        click.echo(plain(named, cells), nl=False)
    guilty = wrong(found)
    for sentence in guilty[:MOST_WRONG]:
        _tell(sentence)
    if len(guilty) > MOST_WRONG:
        _tell(f"and {len(guilty) - MOST_WRONG} more edges that are not well: --json has all of them, with why")


def _tell(sentence: str) -> None:
    click.echo(f"servicemap: {sentence}", err=True)

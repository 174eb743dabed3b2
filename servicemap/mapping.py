"""`map`: which stretch of time is meant, and how the map of it is told."""

import sys
import time

import click
import msgspec

from servicemap.config import Config
from servicemap.map_model import ServiceMap, Wanted
from servicemap.map_read import newest, read_map
from servicemap.map_requests import requests_by_edge, with_requests
from servicemap.options import Failure, iso
from servicemap.parts import store_address
from sinks.store import Store, StoreError

LATEST_MS = 60_000


def run(config: Config, since: int | None, at: int | None, form: str, wanted: Wanted) -> None:
    """Read the map and print it as `form`: text, dot or json."""
    store = Store(store_address(config, write=False))
    try:
        start, end = stretch(newest(store), int(time.time() * 1000), since, at)
        found = read_map(store, msgspec.structs.replace(wanted, start=start, end=end))
        found = with_requests(found, requests_by_edge(store, wanted.level, start, end))
    except StoreError as error:
        raise Failure(str(error)) from None
    finally:
        store.close()
    _print(found, form, f"map by {wanted.level} from {iso(start)} to {iso(end)} ({(end - start) / 1000:.0f} s)")


def stretch(newest_end: int, now: int, since: int | None, at: int | None) -> tuple[int, int]:
    """Return the stretch of time that is meant, ms: up to `at`, or to the newest that is stored.

    A host whose clock is ahead does not move the present.
    """
    if not newest_end:
        raise Failure("nothing is stored yet: start `servicemap up`, or wait for its first windows")
    end = at if at is not None else min(newest_end, now)
    if since is None:
        if at is None and now - newest_end > LATEST_MS:
            _tell(f"the newest that is stored is of {iso(newest_end)}; this is the minute up to then")
        return end - LATEST_MS, end
    end = at if at is not None else now
    if since >= end:
        raise click.UsageError("the stretch of time is empty: let --since be earlier than --at")
    if newest_end < since:
        _tell(f"nothing is stored since {iso(since)}; the newest is of {iso(newest_end)}")
    return since, end


def _print(found: ServiceMap, form: str, title: str) -> None:
    if form == "json":
        click.echo(msgspec.json.encode(found))
        return
    if form == "dot":
        from servicemap.map_dot import dot

        click.echo(dot(found), nl=False)
        return
    from servicemap.map_text import headings, plain, rows, table

    named, cells = headings(found), rows(found)
    if not cells:
        _tell(f"nobody talks to anybody in the {title}")
    elif sys.stdout.isatty():
        from rich.console import Console

        console = Console()
        console.print(table(title, named, cells, console.width))
    else:
        _tell(title)
        click.echo(plain(named, cells), nl=False)


def _tell(sentence: str) -> None:
    click.echo(f"servicemap: {sentence}", err=True)

"""`overlay list` and `overlay show`: what is said of nodes and edges, from the store."""

import time
from collections import Counter
from typing import Any

import click

from graph.annotations import read_annotations, read_schemas
from graph.overlays import as_text
from schemas.matching import unknown
from schemas.overlays import Annotation
from schemas.text import cut, shown
from schemas.times import iso
from servicemap.columns import aligned
from servicemap.config import Config
from servicemap.options import Failure, NothingMatches
from servicemap.parts import store_address
from servicemap.printing import print_json
from sinks.store import Store, StoreError

OVERLAYS = ("OVERLAY", "ANNOTATIONS", "ABOUT")
ANNOTATIONS = ("OVERLAY", "TARGET", "VALUE", "FROM", "TO", "AUTHOR")
WIDEST = 60  # characters of a value


def print_overlays(config: Config, *, as_json: bool) -> None:
    """Print the overlays that are registered, and how many annotations of each hold now."""
    store = Store(store_address(config, write=False))
    try:
        schemas, now = read_schemas(store), int(time.time() * 1000)
        counts = Counter(one.overlay for one in read_annotations(store) if one.holds(now))
    except StoreError as error:
        raise Failure(str(error)) from None
    finally:
        store.close()
    if not schemas:
        raise NothingMatches("no overlay is registered: see `servicemap overlay register --help`")
    if as_json:
        for name, one in schemas.items():
            print_json({"overlay": name, "annotations": counts[name], "schema": one.schema, "author": one.author})
        return
    cells = [(name, str(counts[name]), shown(str(one.schema.get("title", "")))) for name, one in schemas.items()]
    click.echo(aligned(OVERLAYS, cells, right={1}), nl=False)


def print_annotations(config: Config, name: str, at: int | None, *, as_json: bool) -> None:
    """Print the annotations that hold at a time, ms, or now; NothingMatches without any."""
    store = Store(store_address(config, write=False))
    try:
        schemas, when = read_schemas(store), int(time.time() * 1000) if at is None else at
        found = [one for one in read_annotations(store) if one.holds(when) and name in ("", one.overlay)]
    except StoreError as error:
        raise Failure(str(error)) from None
    finally:
        store.close()
    if name and name not in schemas:
        raise NothingMatches(unknown("overlay", name, schemas))
    if not found:
        raise NothingMatches(f"nothing is said{' by ' + name if name else ''} at {iso(when)}")
    found.sort(key=lambda one: (one.overlay, one.target, one.valid_from))
    if as_json:
        for one in found:
            print_json(fields(one))
        return
    click.echo(aligned(ANNOTATIONS, [_cells(one) for one in found]), nl=False)


def fields(one: Annotation) -> dict[str, Any]:
    """Return an annotation for programs; times in ISO 8601, without those that are open."""
    times = {"from": one.valid_from, "to": one.valid_to, "written": one.written}
    found = {"overlay": one.overlay, "target": one.target, "value": one.value, "author": one.author}
    return found | {name: iso(time) for name, time in times.items() if time}


def _cells(one: Annotation) -> tuple[str, ...]:
    times = (iso(one.valid_from) if one.valid_from else "always", iso(one.valid_to) if one.valid_to else "")
    value = cut(shown(as_text(one.value)), WIDEST)
    return one.overlay, shown(one.target), value, *times, shown(one.author)

"""`impact`, `deps` and `path`: print what reaches what."""

from collections.abc import Sequence
from typing import Literal

import click
from msgspec import structs

from answers.asked import Drawing
from answers.drawn import ArrowFields
from answers.path import PATH, PathAsked
from answers.reach import DEPS, IMPACT, ReachAsked, ReachedFields
from graph.overlays import as_text
from schemas.matching import some
from schemas.text import shown
from servicemap.answering import ask
from servicemap.columns import aligned
from servicemap.config import Config
from servicemap.printing import bytes_text, print_json

SAID = "OVERLAYS"  # added where anything is said of an arrow
HEADINGS = ("DEPTH", "NODE", "BY", "PORT", "CONNECTIONS", "REQUESTS", "BYTES")


def run(
    config: Config, wanted: Drawing, name: str, depth: int | None, which: Literal["impact", "deps"], *, as_json: bool
) -> None:
    """Print who depends on a node (impact), or what it depends on (deps)."""
    asked = ReachAsked(**structs.asdict(wanted), node=name, depth=depth)
    found = ask(config, IMPACT if which == "impact" else DEPS, asked).nodes
    if as_json:
        for one in found:
            print_json(one)
    elif found:
        notes = [_notes(one) for one in found]
        said = [[note] if any(notes) else [] for note in notes]
        cells = [(*_cells(one, which), *more) for one, more in zip(found, said, strict=True)]
        headings = (*HEADINGS, *([SAID] if any(notes) else []))
        click.echo(aligned(headings, cells, right=(0, 4, 5, 6)), nl=False)


def ways(config: Config, wanted: Drawing, client: str, server: str, *, as_json: bool) -> None:
    """Print the shortest ways between two nodes."""
    for way in ask(config, PATH, PathAsked(**structs.asdict(wanted), client=client, server=server)).ways:
        if as_json:
            print_json(way.arrows)
        else:
            click.echo(" → ".join([way.arrows[0].client_label, *map(_server_of, way.arrows)]))


def _server_of(one: ArrowFields) -> str:
    return f"{one.server_label} ({', '.join(map(shown, one.ports))})"


def _cells(one: ReachedFields, which: str) -> Sequence[str]:
    others = [arrow.server_label if which == "impact" else arrow.client_label for arrow in one.arrows]
    ports = dict.fromkeys(port for arrow in one.arrows for port in arrow.ports)
    return (
        str(one.depth),
        one.label,
        some(others),
        some([shown(port) for port in ports]),
        f"{sum(arrow.connections for arrow in one.arrows):,}",
        f"{sum(arrow.requests for arrow in one.arrows):,}",
        bytes_text(sum(arrow.bytes for arrow in one.arrows)),
    )


def _notes(one: ReachedFields) -> str:
    """Return what overlays say of the arrows by which a node is reached."""
    said = (f"{name}={as_text(value)}" for arrow in one.arrows for name, value in arrow.annotations.items())
    return some([shown(each) for each in dict.fromkeys(said)])

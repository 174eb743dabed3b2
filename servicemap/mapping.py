"""`map`: find the time range, read its map, and print it."""

import sys

import click

from answers.asked import Ranged
from answers.mapped import Mapped, mapped
from graph.levels import LEVELS
from graph.model import ServiceMap, Wanted
from servicemap.answering import now, opened, print_note
from servicemap.config import Config
from servicemap.options import NothingMatches
from servicemap.printing import print_json

MOST_FAULTS = 10  # the most edges with faults that are printed


def run(config: Config, since: int | None, at: int | None, form: str, wanted: Wanted) -> None:
    """Read the map and print it as `form`: text, dot or json. NothingMatches when it is empty."""
    asked = read(config, since, at, wanted)
    print_map(asked.found, form, asked.title)
    if asked.reason:
        raise NothingMatches(asked.reason)
    if lacks(asked.found):
        level = LEVELS[asked.found.level].label.lower()
        print_note(f"no {level} are seen here; each end is shown by what else is known about it")


def read(config: Config, since: int | None, at: int | None, wanted: Wanted) -> Mapped:
    """Read the map of a range; what is to be known of the range is printed on stderr."""
    with opened(config) as store:
        found = mapped(store, Ranged(since=since, at=at), wanted, now())
    for note in found.notes:
        print_note(note)
    return found


def lacks(found: ServiceMap) -> bool:
    """Return whether a map has nodes, but none of its level, such as a map of pods where none runs."""
    level = LEVELS[found.level]
    return bool(found.nodes and level.parts) and not any(node.id.startswith(f"{level.name}:") for node in found.nodes)


def print_map(found: ServiceMap, form: str, title: str) -> None:
    """Print a map as `form`: text, dot or json."""
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

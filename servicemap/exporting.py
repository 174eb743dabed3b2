"""`export`: read a map and write it in the format of another program."""

import sys
from pathlib import Path

from graph.model import Wanted
from servicemap.answering import print_note
from servicemap.config import Config
from servicemap.exports import text_of
from servicemap.mapping import read
from servicemap.options import NothingMatches


def run(config: Config, since: int | None, at: int | None, form: str, wanted: Wanted, out: Path | None) -> None:
    """Write a map to a file, or to stdout. NothingMatches, and no file, when it is empty."""
    asked = read(config, since, at, wanted)
    if asked.reason:
        raise NothingMatches(asked.reason)
    text = text_of(form)(asked.found)
    if out is None:
        sys.stdout.write(text)
        return
    out.write_text(text, encoding="utf-8")
    print_note(f"{len(asked.found.nodes)} nodes and {len(asked.found.edges)} edges are in {out}: the {asked.title}")

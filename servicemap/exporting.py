"""`export`: read a map and write it in the format of another program."""

import sys
from pathlib import Path
from typing import NamedTuple

from graph.model import Wanted
from servicemap.answering import print_note
from servicemap.config import Config
from servicemap.exporting_diff import with_differences
from servicemap.exports import text_of
from servicemap.mapping import read
from servicemap.options import NothingMatches
from servicemap.two_times import Time


class Times(NamedTuple):
    """Which map is written: its range, ms, and the earlier time that it is compared with, if any."""

    since: int | None
    at: int | None
    against: Time | None


def run(config: Config, times: Times, form: str, wanted: Wanted, out: Path | None) -> None:
    """Write a map to a file, or to stdout. NothingMatches, and no file, when it is empty."""
    asked = read(config, times.since, times.at, wanted)
    if asked.reason:
        raise NothingMatches(asked.reason)
    if times.against is not None:
        asked = with_differences(config, asked, times.against, wanted)
    text = text_of(form)(asked.found)
    if out is None:
        sys.stdout.write(text)
        return
    out.write_text(text, encoding="utf-8")
    print_note(f"{len(asked.found.nodes)} nodes and {len(asked.found.edges)} edges are in {out}: the {asked.title}")

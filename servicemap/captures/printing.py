"""What commands on captures print: how far they are, what came of it, and that they were stopped."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click
from msgspec import to_builtins

from log.capture import Manifest
from schemas.text import shown
from schemas.times import iso
from servicemap.captures.exporting import Report
from servicemap.captures.importing import Imported
from servicemap.config import Config
from servicemap.printing import bytes_text, print_json
from servicemap.progress import shown_progress

INTERRUPTED = 130  # exit code after Ctrl-C


@contextmanager
def stoppable(sentence: str) -> Iterator[Report]:
    """Give what prints progress. After Ctrl-C or SIGTERM the work is undone, and a sentence says how things are."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with shown_progress() as show:
            yield lambda step, done, of: show(step, f"{done:,} of {of:,} records" if of else "")
    except KeyboardInterrupt:
        click.echo(f"servicemap: {sentence}", err=True)
        sys.exit(INTERRUPTED)


def print_capture(file: Path, manifest: Manifest, *, as_json: bool) -> None:
    """Print what was written."""
    if as_json:
        fields = to_builtins(manifest)
        for part in fields["parts"]:
            part.pop("blocks")  # they are of use only with the file
        print_json({"file": str(file), "size_bytes": file.stat().st_size, "records": manifest.records, **fields})
        return
    first, last = min(part.first for part in manifest.parts), max(part.last for part in manifest.parts)
    names = sorted({part.topic for part in manifest.parts})
    click.echo(
        f"{manifest.records:,} records of {names[0] if len(names) == 1 else f'{len(names)} topics'}, logged from"
        f" {iso(first)} to {iso(last)}, are in {shown(str(file))} ({bytes_text(file.stat().st_size)})"
    )


def print_imported(config: Config, imported: Imported, *, as_json: bool) -> None:
    """Print what was added."""
    if as_json:
        print_json(imported)
        return
    before = f"; {imported.there:,} were there already" if imported.there else ""
    click.echo(f"{imported.records:,} records are imported into {shown(config.log_url)}{before}")
    if not config.log.url:
        click.echo(f"servicemap: `servicemap up{config.flag}` maps them, with this machine beside them", err=True)
    if imported.left_out:
        names = ", ".join(map(shown, imported.left_out))
        click.echo(f"servicemap: left out, because this version does not know them: {names}", err=True)


def _interrupt(number: int, _: FrameType | None) -> None:
    raise KeyboardInterrupt

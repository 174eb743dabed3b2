"""`servicemap replay`: fold a past range of the log again, show what would change, and swap it in."""

import sys
import time

import click
import msgspec

from schemas.text import shown
from schemas.times import iso
from servicemap.config import Config
from servicemap.options import Moment, configured
from servicemap.printing import print_json
from servicemap.progress import shown_progress
from servicemap.replaying import Outcome, Progress, reason, replay


@click.command()
@configured()
@click.option("--from", "start", type=Moment(), required=True, metavar="TIME", help="Start of the range, such as 2h.")
@click.option("--to", "end", type=Moment(), required=True, metavar="TIME", help="End of the range, such as 1h or now.")
@click.option("--promote", is_flag=True, help="Swap in what changed; readers and the running map notice nothing.")
@click.option("--force", is_flag=True, help="Promote even where the log no longer holds all of the range.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
def command(config: Config, start: int, end: int, promote: bool, force: bool, as_json: bool) -> None:
    """Fold a past range of the log again, show what would change, and swap in the result.

    \b
    servicemap replay --from 2h --to 1h
    servicemap replay --from 2026-05-01T12:00 --to 2026-05-01T18:00 --promote
    """
    if start >= end:
        raise click.UsageError(f"--from {iso(start)} is not before --to {iso(end)}: give a range")
    if force and not promote:
        raise click.UsageError("--force needs --promote")
    began = time.monotonic()
    try:
        with shown_progress() as show_step:

            def report(progress: Progress) -> None:
                show_step(progress.step, _far(progress, time.monotonic() - began))

            outcome = replay(config, start, end, report, promote=promote, force=force)
    except KeyboardInterrupt:
        click.echo("servicemap: stopped; the map is as it was", err=True)
        sys.exit(130)
    if as_json:
        answer = {**msgspec.to_builtins(outcome), "differs": outcome.differs}
        print_json(answer, pretty=True)
    else:
        show(outcome)


def _far(progress: Progress, spent: float) -> str:
    left = ""
    if progress.records and progress.records < progress.expected:
        left = f", {spent / progress.records * (progress.expected - progress.records):.0f} s left"
    return (
        f"{progress.records:,} of {max(progress.records, progress.expected):,} records,"
        f" {progress.windows:,} windows, {progress.rows:,} rows{left}"
    )


def show(outcome: Outcome) -> None:
    """Print an outcome for people."""
    click.echo(
        f"{iso(outcome.start)} to {iso(outcome.end)}: {outcome.records:,} records, {outcome.windows:,} windows,"
        f" {outcome.rows:,} rows folded again"
    )
    for name, table in outcome.tables.items():
        moving = f", {table.moving:,} still being written" if table.moving else ""
        click.echo(
            f"  {name:<14}{table.equal:>12,} equal {table.changed:>10,} changed {table.only_new:>10,} only in new"
            f" {table.only_old:>10,} only in old{moving}"
        )
        for example in table.examples:
            key = " ".join(value for value in example.key.values() if value)
            columns = ", ".join(
                f"{column} {old or '-'} → {new or '-'}" for column, (old, new) in example.columns.items()
            )
            click.echo(f"    {shown(key)}: {shown(columns)}")
    for line in _notes(outcome):
        click.echo(line)


def _notes(outcome: Outcome) -> list[str]:
    notes = []
    if outcome.missing_before is not None:
        begins = f"the log begins at {iso(outcome.missing_before)}{reason(outcome.room_made)}"
        notes.append(f"{begins}: rows from earlier records are only in the store")
    if outcome.behind:
        notes.append(
            "the live folds or the sink are behind or not running: rows that they still have to write count as new"
        )
    if outcome.unusable:
        notes.append(f"{outcome.unusable:,} records could not be used; they are in the dead letters")
    if outcome.promoted:
        return [*notes, "swapped in"]
    return [*notes, "would change: swap it in with --promote" if outcome.differs else "nothing would change"]

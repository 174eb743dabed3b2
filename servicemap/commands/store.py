"""`servicemap store`: throw the embedded store away and rebuild it from the log."""

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from schemas.text import shown
from schemas.times import iso
from servicemap.config import Config
from servicemap.options import Failure, configured
from servicemap.printing import print_json
from servicemap.subcommands import Group

if TYPE_CHECKING:
    from servicemap.rebuilding import Progress


@click.group(cls=Group)
def command() -> None:
    """Look after the embedded store.

    \b
    servicemap store rebuild
    """


@command.command()
@configured()
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--remove", is_flag=True, help="Remove the old store's files at the end, instead of keeping them.")
@click.option("--json", "as_json", is_flag=True, help='{"records": …, "rows": …, "since": …, "aside": …}')
def rebuild(config: Config, yes: bool, remove: bool, as_json: bool) -> None:
    """Throw the store away and rebuild it from the log, for example when its files are damaged.

    This works with or without a running `servicemap up`, which keeps collecting. Rows from before the log
    begins (raw facts are kept for 7 days) are then only in the old store, which is kept until you remove it.

    \b
    servicemap store rebuild
    servicemap store rebuild --yes --remove
    servicemap store rebuild --yes --data /var/lib/map --json
    """
    from servicemap.rebuilding import rebuild as rebuild_store
    from servicemap.rebuilding import refuse_server

    refuse_server(config)
    if not yes:
        if not sys.stdin.isatty():
            raise Failure("this throws the store away and rebuilds it from the log: confirm with --yes")
        click.confirm(
            f"Throw the store in {shown(str(config.directory))} away and rebuild it from the log?",
            abort=True,
            err=True,
        )
    try:
        outcome = rebuild_store(config, _progress_printer())
    except KeyboardInterrupt:
        click.echo("\nservicemap: stopped half way: run it again", err=True)
        sys.exit(130)
    finally:
        if sys.stderr.isatty():
            click.echo("", err=True)
    if remove and outcome.aside:
        from shutil import rmtree

        rmtree(outcome.aside)
        outcome.aside = ""
    if as_json:
        print_json(outcome)
        return
    since = f" since {iso(outcome.since)}" if outcome.since else ""
    click.echo(f"the store is rebuilt: {outcome.rows:,} rows from {outcome.records:,} records{since}")
    if outcome.aside:
        click.echo(f"the old store is in {shown(outcome.aside)}; remove it when you no longer need it")


def _progress_printer() -> "Callable[[Progress], None]":
    """Return what prints progress on stderr: in place on a terminal, else a line for each step and every 5 s."""
    last, step = 0.0, ""
    terminal = sys.stderr.isatty()

    def report(progress: "Progress") -> None:
        nonlocal last, step
        if time.monotonic() - last < (0.2 if terminal else 5.0) and progress.step == step:
            return
        last, step = time.monotonic(), progress.step
        done = f": {progress.records:,} of {progress.expected:,} records, {progress.rows:,} rows"
        line = progress.step + (done if progress.expected else "")
        click.echo(f"\r\x1b[K{line}" if terminal else line, err=True, nl=not terminal)

    return report

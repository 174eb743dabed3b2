"""`servicemap store`: throw the embedded store away and rebuild it from the log."""

import sys

import click

from schemas.text import shown
from schemas.times import iso
from servicemap.config import Config
from servicemap.options import Failure, configured
from servicemap.printing import print_json
from servicemap.progress import shown_progress
from servicemap.subcommands import Group


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
        with shown_progress() as show:
            outcome = rebuild_store(config, lambda progress: show(progress.step, progress.far))
    except KeyboardInterrupt:
        click.echo("servicemap: stopped half way: run it again", err=True)
        sys.exit(130)
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

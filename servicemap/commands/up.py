"""`servicemap up`: run the map of this machine: collectors, log, folds, store and view in one supervised command."""

import sys
from functools import partial
from pathlib import Path

import click

from servicemap.config import Config
from servicemap.options import Duration, Failure, Port, configured, either_or, typed


@click.command()
@configured(
    window="collectors__window_ms",
    native_port="store__native_port",
    http_port="store__http_port",
    view_port="view__port",
    host_id="collectors__host_id",
)
@click.option("--for", "for_ms", type=Duration(), metavar="TIME", help="Stop after this long, such as 30s.")
@click.option("--window", type=Duration(), help="Width of a window.  [default: 5s]")
@click.option(
    "--native-port",
    type=Port(),
    help="Port of the store's native protocol; 0: any.  [default: 9000, or the next that is free]",
)
@click.option(
    "--http-port",
    type=Port(),
    help="Port of the store's HTTP interface; 0: any.  [default: 8123, or the next that is free]",
)
@click.option(
    "--view-port", type=Port(), help="Port of the live view; 0: any.  [default: 8080, or the next that is free]"
)
@click.option("--host-id", help="Id of this host.  [default: its machine id]")
@click.option("--demo", is_flag=True, help="Also run a small demo shop, with two faults to find.")
@click.option("--simulate", "architecture", metavar="ARCH", help="Map a simulated fleet instead of this machine.")
@click.option(
    "--from",
    "capture",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Show a capture, made by `servicemap log export`, and nothing of this machine.",
)
@click.option("--quiet", is_flag=True, help="No summary, even on a terminal.")
def command(
    config: Config, for_ms: int | None, demo: bool, architecture: str | None, capture: Path | None, quiet: bool
) -> None:
    """Run everything until Ctrl-C.

    \b
    servicemap up
    servicemap up --demo
    servicemap up --simulate lamp --data /tmp/lamp
    servicemap up --from hour.capture
    servicemap up --for 1m --data /tmp/map
    servicemap up --log kafka://127.0.0.1:9092
    """
    either_or(("--demo", demo), ("--simulate", architecture), ("--from", capture))
    if capture is not None:
        _show(config, capture, for_ms, quiet=quiet)
        return
    from servicemap.captures.opened import opened
    from servicemap.extras import require

    for extra in ("store", "view") if config.store.url else ("up",):
        require(extra)
    if config.log.kafka:
        require("worker")
    from servicemap.up import parts, run

    for name in ("native_port", "http_port"):
        if config.store.url and typed(name):
            option = f"--{name.replace('_', '-')}"
            raise click.UsageError(f"{option} is for the embedded store, and --store names another: leave one out")
    if held := opened(config.directory):
        raise Failure(
            f"{config.directory} holds a capture: look at it with --from {held.file}, or give another --data DIR"
        )
    run(config, for_ms, partial(parts, simulate=architecture, demo=demo), quiet=quiet)


def _show(config: Config, capture: Path, for_ms: int | None, *, quiet: bool) -> None:
    from servicemap.extras import require

    require("up")
    from servicemap.captures.opening import opened_capture
    from servicemap.up import looked_at, run

    for name in ("log", "store"):
        if typed(f"{name}_url"):
            raise click.UsageError(f"--{name} is not for a capture, which has a log and a store of its own")
    try:
        with opened_capture(config, capture, keep=typed("data")) as own:
            run(own, for_ms, looked_at, quiet=quiet)
    except KeyboardInterrupt:
        click.echo("servicemap: stopped", err=True)
        sys.exit(130)

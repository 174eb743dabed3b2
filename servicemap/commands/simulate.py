"""`servicemap simulate`: a fleet that never was, as a map to look at, as a score, as files, or as records in a log."""

import time
from itertools import starmap

import click

from graph.levels import LEVELS
from servicemap.config import Config
from servicemap.options import Duration, Number, configured, typed
from servicemap.simulated.exporting import FORMATS, Export


class Speed(click.ParamType):
    """How many times as fast as it happened; max is as fast as it goes. None for that."""

    name = "speed"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float | None:
        """Return the number."""
        try:
            speed = None if value in (None, "max") else float(str(value))
        except ValueError:
            speed = 0.0
        if speed is not None and not 0 < speed < 1e9:
            self.fail(f"{value!r} is not a speed; give 1, 10 or max")
        return speed


@click.command()
@configured()
@click.argument("architecture", metavar="ARCH")
@click.option(
    "--for", "for_ms", type=Duration(), metavar="TIME", default="5m", help="How long it lasts.  [default: 5m]"
)
@click.option("--width", "width_ms", type=Duration(), default="5s", help="Width of a window.  [default: 5s]")
@click.option("--seed", type=int, default=0, metavar="N", help="Another seed draws other numbers.  [default: 0]")
@click.option(
    "--scale", type=Number(1, 100_000), default=100, metavar="P", help="Percent of the instances.  [default: 100]"
)
@click.option("--regions", type=Number(1, 6), default=1, metavar="N", help="So many times the regions.  [default: 1]")
@click.option("--per-host", type=Number(1), metavar="N", help="Instances on a host.  [default: as ARCH says]")
@click.option(
    "--faults",
    multiple=True,
    metavar="FAULT|FILE",
    help="What goes wrong, such as slow@database:30s+1m*20; repeatable.",
)
@click.option("--level", type=click.Choice(LEVELS), default="service", help="Kind of the nodes.  [default: service]")
@click.option("--score", is_flag=True, help="Compare the maps of all levels with what really happened.")
@click.option(
    "--at-least",
    type=click.FloatRange(0, 1),
    default=1.0,
    metavar="SHARE",
    help="Least share of the score.  [default: 1.0]",
)
@click.option(
    "--export",
    "exports",
    type=(click.Choice(FORMATS), str),
    multiple=True,
    metavar="FORMAT FILE",
    help="Write a graph or traces; - is stdout.",
)
@click.option("--view", is_flag=True, help="Show it in the browser, until Ctrl-C.")
@click.option("--live", is_flag=True, help="With --log: go on in real time, until Ctrl-C.")
@click.option(
    "--speed", type=Speed(), metavar="N", help="With --log: so many times as fast as it happened.  [default: max]"
)
@click.option("--json", "as_json", is_flag=True, help="For programs: the map, or the score.")
def command(
    config: Config,
    architecture: str,
    for_ms: int,
    width_ms: int,
    seed: int,
    scale: int,
    regions: int,
    per_host: int | None,
    faults: tuple[str, ...],
    level: str,
    score: bool,
    at_least: float,
    exports: tuple[tuple[str, str], ...],
    view: bool,
    live: bool,
    speed: float | None,
    as_json: bool,
) -> None:
    """Simulate a fleet: an example by its name, or the file of an architecture.

    Its hosts report what agents would, and the folds make a map of it, in a store of its own. With --log the records
    are written there instead, for folds that run elsewhere.

    \b
    servicemap simulate lamp
    servicemap simulate lamp --view
    servicemap simulate lamp --score --faults kill@cache:1m
    servicemap simulate netflixoss --scale 200 --regions 3 --export graphml fleet.graphml
    servicemap simulate lamp --log kafka://127.0.0.1:9092 --live
    """
    from servicemap.extras import require
    from servicemap.simulated.plan import Plan

    _check()
    plan = Plan(
        architecture=architecture,
        seed=seed,
        percent=scale,
        regions=regions,
        per_host=per_host or 0,
        faults=faults,
        width_ms=width_ms,
        start_ms=_start(time.time_ns() // 1_000_000, for_ms, width_ms, speed),
        windows=None if live else max(1, for_ms // width_ms),
    )
    if typed("log_url"):
        from servicemap.simulated.pouring import run

        run(config, plan, speed)
        return
    require("up")
    from servicemap.simulated.showing import Look, show

    show(
        config,
        plan,
        Look(
            level=level,
            score=score,
            at_least=at_least,
            as_json=as_json,
            view=view,
            keep=typed("data"),
            exports=tuple(starmap(Export, exports)),
        ),
    )


def _start(now: int, for_ms: int, width_ms: int, speed: float | None) -> int:
    """Return when the first window begins: as late as lets nothing happen before its time."""
    before = for_ms if speed is None else for_ms * (1 - 1 / max(speed, 1.0))
    return int(now - before) // width_ms * width_ms


def _check() -> None:
    """Refuse options that do not go together."""
    if typed("store_url"):
        raise click.UsageError("simulate has a store of its own: leave out --store, or write to a log with --log")
    looks = {"score": "--score", "exports": "--export", "view": "--view", "as_json": "--json", "data": "--data"}
    given = [flag for name, flag in looks.items() if typed(name)]
    if typed("log_url") and given:
        raise click.UsageError(f"--log and {given[0]} exclude each other: what is logged is looked at elsewhere")
    for name in ("live", "speed"):
        if typed(name) and not typed("log_url"):
            raise click.UsageError(f"--{name} needs --log: the log that the records are written to")
    if typed("at_least") and not typed("score"):
        raise click.UsageError("--at-least needs --score")

"""A simulation looked at: folded into a store of its own, and shown as a map, as a score, or in the live view."""

import time
from contextlib import closing, nullcontext

import click
from msgspec import Struct

from graph.model import Wanted
from servicemap.config import Config
from servicemap.connect import connect_log
from servicemap.directory import held
from servicemap.options import Failure
from servicemap.own_place import own_place
from servicemap.printing import print_json
from servicemap.process import tune_memory
from servicemap.simulated.exporting import Export, Exporter
from servicemap.simulated.filling import Filled, fill
from servicemap.simulated.plan import Made, Plan, made
from servicemap.simulated.scoring import as_fields, notes, read_score, table
from servicemap.store_alone import store_alone
from simulation.expected import Truth
from simulation.truth import TrueWindow


class Look(Struct, frozen=True, kw_only=True):
    """How to look at a simulation. `keep`: in the data directory of the configuration, and not in a temporary one."""

    level: str = "service"
    score: bool = False
    at_least: float = 1.0
    as_json: bool = False
    view: bool = False
    keep: bool = False
    exports: tuple[Export, ...] = ()

    @property
    def only_exports(self) -> bool:
        """Return whether no store is needed."""
        return bool(self.exports) and not (self.score or self.view or self.keep or self.as_json)


def show(config: Config, plan: Plan, look: Look) -> None:
    """Simulate, and show what came of it; Failure when it is less true than asked for."""
    tune_memory()
    simulation, began = made(plan), time.monotonic()
    exporter = Exporter(look.exports, simulation.architecture, plan.seed)
    if look.only_exports:
        for window in simulation.windows:
            exporter.take(window.truth)
        exporter.write()
        return
    truth = Truth()

    def take(window: TrueWindow) -> None:
        truth.take(window)
        exporter.take(window)

    with own_place(config, keep=look.keep) as own, held(own.directory, _note), store_alone(own):
        with closing(connect_log(own)) if look.keep else nullcontext() as log:
            filled = fill(own, simulation.windows, log, take)
        exporter.write()
        _note(_summary(simulation, filled, time.monotonic() - began))
        if look.score:
            _show_score(own, plan, look, truth)
        elif not look.view:
            _show_map(own, plan, look)
        _note(_hint(own, look))
        if look.view:
            from servicemap.viewing import PAGES, run

            run(own, PAGES)


def _show_map(config: Config, plan: Plan, look: Look) -> None:
    from servicemap.mapping import run

    run(
        config, plan.start_ms, plan.end_ms, "json" if look.as_json else "text", Wanted(start=0, end=0, level=look.level)
    )


def _show_score(config: Config, plan: Plan, look: Look, truth: Truth) -> None:
    judged = read_score(config, truth, plan.start_ms, plan.end_ms)
    found = judged.score
    if look.as_json:
        print_json(as_fields(judged))
    else:
        click.echo(table(found), nl=False)
        for sentence in notes(judged):
            _note(sentence)
    if not found.passes(look.at_least):
        worst, share = min(found.shares.items(), key=lambda one: one[1].value)
        wrong = f"{len(found.wrong)} wrong credits" if found.wrong else f"{worst} is {share.right:,} of {share.of:,}"
        raise Failure(f"the maps are less true than --at-least {look.at_least}: {wrong}")


def _summary(simulation: Made, filled: Filled, seconds: float) -> str:
    unusable = f", {filled.unusable} records could not be used" if filled.unusable else ""
    return (
        f"{simulation.architecture.name}: {simulation.instances:,} instances on {simulation.hosts:,} hosts;"
        f" {filled.windows:,} windows, {filled.records:,} records and {filled.rows:,} rows in {seconds:.1f} s{unusable}"
    )


def _hint(config: Config, look: Look) -> str:
    if look.keep:
        return f"kept in {config.directory}: `servicemap up{config.flag}` shows it, with this machine beside it"
    if look.view:
        return "all of this is gone after Ctrl-C; --data DIR keeps it"
    return "--view shows it in the browser, and --data DIR keeps it"


def _note(sentence: str) -> None:
    click.echo(f"servicemap: {sentence}", err=True)
